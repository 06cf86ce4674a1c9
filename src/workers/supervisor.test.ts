import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import type { ToPrimary, ToWorker } from './messages.ts';
import { Supervisor } from './supervisor.ts';
import type { WorkerEvents, WorkerExit, WorkerProcess } from './worker-process.ts';

const COUNTS = {
  connections: 2,
  opened: 5,
  ended: 3,
  refused: 1,
  held: 0,
  resumed: 0,
  pendingHandshakes: 0,
  drainMs: 70,
};
const READY: ToPrimary = {
  type: 'ready',
  address: { host: '127.0.0.1', port: 8090, encrypted: false },
  warnings: [],
  files: [],
};
const KILLED: WorkerExit = { code: null, signal: 'SIGKILL' };

/** A worker that does nothing by itself. */
class FakeWorker implements WorkerProcess {
  readonly pid: number;
  readonly told: ToWorker[] = [];
  killed = false;
  gone = false;
  readonly #events: WorkerEvents;

  constructor(pid: number, events: WorkerEvents) {
    this.pid = pid;
    this.#events = events;
  }

  send(message: ToWorker): void {
    this.told.push(message);
  }

  kill(): void {
    this.killed = true;
  }

  say(message: ToPrimary): void {
    this.#events.message(message);
  }

  comeUp(): void {
    this.say({ type: 'loaded' });
    this.say(READY);
  }

  exit(how: WorkerExit): void {
    if (this.gone) return;
    this.gone = true;
    this.#events.exit(how);
  }

  stopsTold(): number {
    return this.told.filter(({ type }) => type === 'stop').length;
  }
}

function rig(count = 2) {
  const clock = new ManualClock(1_000_000);
  const logger = new RecordingLogger();
  const spawned: FakeWorker[] = [];
  const heard: ToPrimary[] = [];
  const supervisor = new Supervisor({
    count,
    clock,
    logger,
    drainMs: () => 30_000,
    spawn(events) {
      const worker = new FakeWorker(spawned.length + 1, events);
      spawned.push(worker);
      return worker;
    },
    order: (worker) => ({ type: 'start', worker, logLevel: 'info', reading: { config: null, problems: [] } }),
    heard: (message) => heard.push(message),
  });
  const alive = () => spawned.filter(({ gone }) => !gone);
  const at = (index: number): FakeWorker => {
    const worker = spawned[index];
    if (worker === undefined) throw new Error(`there is no worker ${index}`);
    return worker;
  };
  const started = async (): Promise<void> => {
    const start = supervisor.start();
    for (const worker of alive()) worker.comeUp();
    await start;
  };
  const waits = () => logger.lines.flatMap(({ fields }) => fields['restartInMs'] ?? []);
  return { clock, logger, supervisor, spawned, alive, at, started, waits, heard };
}

/** What became of a promise so far. */
async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'resolved' | 'rejected'> {
  const pending = Promise.resolve('pending' as const);
  return Promise.race([
    promise.then(
      () => 'resolved' as const,
      () => 'rejected' as const,
    ),
    pending.then(() => pending).then(() => pending),
  ]);
}

describe('a start', () => {
  it('is done when every worker listens', async () => {
    const { supervisor, at, clock } = rig(3);
    const start = supervisor.start();
    expect(supervisor.live).toBe(3);
    at(0).comeUp();
    at(2).comeUp();
    expect(await stateOf(start)).toBe('pending');
    at(1).comeUp();
    expect(await start).toBe(READY);
    expect(at(2).told).toEqual([expect.objectContaining({ type: 'start', worker: 3 })]);
    expect(clock.pending).toBe(0);
  });

  it('fails with the reason of the worker that cannot start, when all others are gone', async () => {
    const { supervisor, at, spawned, clock } = rig(2);
    const start = supervisor.start();
    start.catch(() => {});
    at(0).comeUp();
    at(1).say({ type: 'loaded' });
    const problem = { place: null, path: ['routes'], message: 'wrong' };
    at(1).say({ type: 'failed', failure: { message: 'no', problems: [problem] } });
    at(1).exit({ code: 1, signal: null });
    expect(at(0).stopsTold()).toBe(1);
    expect(await stateOf(start)).toBe('pending');
    at(0).exit({ code: 0, signal: null });
    await expect(start).rejects.toMatchObject({ code: 'WSFW_CONFIG_INVALID', problems: [problem] });
    expect(spawned).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  it.each<[WorkerExit, string]>([
    [{ code: 3, signal: null }, 'worker 1 ended with exit code 3 before it listened'],
    [KILLED, 'worker 1 was ended by SIGKILL before it listened'],
    [{ code: null, signal: null, error: new Error('spawn EAGAIN') }, 'spawn EAGAIN'],
  ])('fails when a worker ends with %j', async (how, message) => {
    const { supervisor, at } = rig(1);
    const start = supervisor.start();
    at(0).exit(how);
    await expect(start).rejects.toThrow(message);
  });

  it('gives up on a worker that never listens', async () => {
    const { supervisor, at, clock } = rig(1);
    const start = supervisor.start();
    at(0).say({ type: 'loaded' });
    clock.advance(59_999);
    expect(at(0).killed).toBe(false);
    clock.advance(1);
    expect(at(0).killed).toBe(true);
    at(0).exit(KILLED);
    await expect(start).rejects.toThrow('worker 1 did not listen within 60 s');
  });
});

describe('a worker that ends', () => {
  it('is logged and replaced after 100 ms, under the same number', async () => {
    const { at, started, clock, logger, supervisor } = rig(2);
    await started();
    at(0).exit({ code: 70, signal: null });
    expect(logger.lines.at(-1)).toMatchObject({
      level: 'error',
      fields: { worker: 1, pid: 1, exitCode: 70, restartInMs: 100 },
    });
    clock.advance(99);
    expect(supervisor.live).toBe(1);
    clock.advance(1);
    at(2).comeUp();
    expect(at(2).told).toEqual([expect.objectContaining({ type: 'start', worker: 1 })]);
    expect(supervisor.serving).toBe(2);
  });

  it('again and again is replaced ever later, 30 s at most', async () => {
    const { alive, started, clock, waits } = rig(1);
    await started();
    for (let i = 0; i < 12; i++) {
      alive()[0]?.comeUp();
      alive()[0]?.exit(KILLED);
      clock.advance(30_000);
    }
    expect(waits()).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000]);
  });

  it('after a minute of service is replaced soon again', async () => {
    const { alive, started, clock, waits } = rig(1);
    await started();
    for (const servedMs of [0, 59_999, 60_000, 0]) {
      alive()[0]?.comeUp();
      clock.advance(servedMs);
      alive()[0]?.exit(KILLED);
      clock.advance(30_000);
    }
    expect(waits()).toEqual([100, 200, 100, 200]);
  });

  it('and cannot be replaced is tried again, with its reason in the log', async () => {
    const { at, started, clock, logger, waits } = rig(1);
    await started();
    at(0).exit(KILLED);
    clock.advance(100);
    at(1).say({ type: 'loaded' });
    at(1).say({ type: 'failed', failure: { message: 'the certificate is gone', problems: null } });
    at(1).exit({ code: 1, signal: null });
    expect(logger.lines.at(-1)?.fields).toMatchObject({ reason: 'the certificate is gone' });
    expect(waits()).toEqual([100, 200]);
  });
});

describe('a stop', () => {
  it('tells all workers at the same time, and waits for all', async () => {
    const { supervisor, started, at, clock } = rig(2);
    await started();
    const stop = supervisor.stop();
    expect([at(0).stopsTold(), at(1).stopsTold()]).toEqual([1, 1]);
    at(0).exit({ code: 0, signal: null });
    expect(await stateOf(stop)).toBe('pending');
    at(1).exit({ code: 0, signal: null });
    await stop;
    expect(clock.pending).toBe(0);
  });

  it('ends workers that take longer than their drain and 15 s', async () => {
    const { supervisor, started, at, clock } = rig(1);
    await started();
    const stop = supervisor.stop();
    clock.advance(44_999);
    expect(at(0).killed).toBe(false);
    clock.advance(1);
    expect(at(0).killed).toBe(true);
    at(0).exit(KILLED);
    await stop;
  });

  it('does not wait for workers that are still to be replaced', async () => {
    const { supervisor, started, at, clock, spawned } = rig(1);
    await started();
    at(0).exit(KILLED);
    await supervisor.stop();
    clock.advance(60_000);
    expect(spawned).toHaveLength(1);
  });

  it('during a start fails the start', async () => {
    const { supervisor, at } = rig(1);
    const start = supervisor.start();
    const stop = supervisor.stop();
    at(0).say({ type: 'loaded' });
    at(0).exit({ code: 0, signal: null });
    await expect(start).rejects.toMatchObject({ code: 'WSFW_DRAINING' });
    await stop;
    await expect(supervisor.start()).rejects.toMatchObject({ code: 'WSFW_DRAINING' });
  });
});

describe('the counts', () => {
  const answers = (worker: FakeWorker | undefined): void => {
    const question = worker?.told.at(-1);
    if (question?.type === 'stats') worker?.say({ ...question, stats: COUNTS });
  };

  it('add up over all workers', async () => {
    const { supervisor, started, alive } = rig(3);
    await started();
    const stats = supervisor.stats();
    for (const worker of alive()) answers(worker);
    expect(await stats).toEqual({
      connections: 6,
      opened: 15,
      ended: 9,
      refused: 3,
      pendingHandshakes: 0,
      drainMs: 70,
      held: 0,
      resumed: 0,
    });
  });

  it('keep those of a worker that is gone, whose connections have ended', async () => {
    const { supervisor, started, at, clock } = rig(1);
    await started();
    const first = supervisor.stats();
    answers(at(0));
    await first;
    at(0).exit(KILLED);
    expect(await supervisor.stats()).toEqual({ ...COUNTS, drainMs: 0, connections: 0, ended: 5 });
    clock.advance(100);
    at(1).comeUp();
    const second = supervisor.stats();
    answers(at(1));
    expect(await second).toEqual({
      connections: 2,
      opened: 10,
      ended: 8,
      refused: 2,
      pendingHandshakes: 0,
      drainMs: 70,
      held: 0,
      resumed: 0,
    });
  });

  it('do not wait for a worker that does not answer, nor for one that ends', async () => {
    const { supervisor, started, at, clock } = rig(2);
    await started();
    const stats = supervisor.stats();
    at(0).exit(KILLED);
    clock.advance(1000);
    expect(await stats).toMatchObject({ opened: 0 });
  });
});

describe('a reload', () => {
  const changes = {
    routesAdded: [],
    routesRemoved: [],
    routesChanged: [],
    componentsBuilt: [],
    componentsRemoved: [],
    server: [],
    certificate: false,
    warnings: [],
  };
  const reading = { config: null, problems: [] };

  async function reloading(count = 2) {
    const given = rig(count);
    await given.started();
    let agreed = 0;
    const reload = given.supervisor.reload(
      async () => () => reading,
      () => agreed++,
    );
    reload.catch(() => {});
    await turn();
    return { ...given, reload, agreed: () => agreed };
  }

  /** Promises that are settled are heard of. */
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  /** The worker answers the latest question. */
  async function say(worker: FakeWorker, how: 'prepared' | 'switched' | 'not-reloaded'): Promise<void> {
    const question = worker.told.at(-1);
    const id = question !== undefined && 'id' in question ? question.id : 0;
    if (how === 'prepared') worker.say({ type: how, id });
    else if (how === 'switched') worker.say({ type: how, id, changes, files: [] });
    else worker.say({ type: how, id, failure: { message: 'it is wrong', problems: null } });
    await turn();
  }

  const asked = (worker: FakeWorker) => {
    const question = worker.told.at(-1);
    return question?.type === 'switch' ? `switch ${question.agreed}` : question?.type;
  };

  it('switches when all have built the new configuration', async () => {
    const { at, reload, agreed, clock } = await reloading();
    expect([asked(at(0)), asked(at(1))]).toEqual(['prepare', 'prepare']);
    await say(at(0), 'prepared');
    expect([asked(at(0)), agreed()]).toEqual(['prepare', 0]);
    await say(at(1), 'prepared');
    expect([asked(at(0)), asked(at(1)), agreed()]).toEqual(['switch true', 'switch true', 1]);
    await say(at(0), 'switched');
    await say(at(1), 'switched');
    expect(await reload).toMatchObject({ changes });
    expect(clock.pending).toBe(0);
  });

  it('leaves all as they are when one cannot build it', async () => {
    const { at, reload, agreed } = await reloading();
    await say(at(0), 'prepared');
    await say(at(1), 'not-reloaded');
    expect([asked(at(0)), asked(at(1))]).toEqual(['switch false', 'switch false']);
    await say(at(0), 'not-reloaded');
    await say(at(1), 'not-reloaded');
    await expect(reload).rejects.toThrow('it is wrong');
    expect(agreed()).toBe(0);
  });

  it('leaves all as they are when one ends, or says nothing', async () => {
    const { at, reload, clock, agreed } = await reloading(3);
    await say(at(0), 'prepared');
    at(1).exit(KILLED);
    clock.advance(60_000);
    await turn();
    expect(asked(at(0))).toBe('switch false');
    clock.advance(10_000);
    await expect(reload).rejects.toThrow(/worker \d did not answer/);
    expect(agreed()).toBe(0);
  });

  it('replaces a worker that cannot switch any more', async () => {
    const { at, reload } = await reloading();
    for (const i of [0, 1]) await say(at(i), 'prepared');
    await say(at(0), 'not-reloaded');
    await say(at(1), 'switched');
    expect(await reload).toMatchObject({ changes });
    expect([at(0).killed, at(1).killed]).toEqual([true, false]);
  });

  it('replaces a worker that came up with the configuration of before, without a wait', async () => {
    const { at, started, supervisor, clock, spawned, waits } = rig(2);
    await started();
    at(0).exit(KILLED);
    clock.advance(100);
    at(2).say({ type: 'loaded' });
    const reload = supervisor.reload(
      async () => () => reading,
      () => {},
    );
    await turn();
    await say(at(1), 'prepared');
    await say(at(1), 'switched');
    await reload;
    at(2).say(READY);
    expect(at(2).stopsTold()).toBe(1);
    // It has connections by now, which have their time to drain.
    clock.advance(44_999);
    expect(at(2).killed).toBe(false);
    at(2).exit({ code: 0, signal: null });
    expect(spawned).toHaveLength(4);
    at(3).comeUp();
    expect(at(3).stopsTold()).toBe(0);
    expect(waits()).toEqual([100]);
  });

  it('waits for the one before, and is refused by gateways that stop', async () => {
    const { at, reload, supervisor } = await reloading(1);
    const order: string[] = [];
    const second = supervisor.reload(
      async () => {
        order.push('read');
        return () => reading;
      },
      () => {},
    );
    second.catch(() => {});
    await say(at(0), 'prepared');
    expect(order).toEqual([]);
    await say(at(0), 'switched');
    await reload;
    void supervisor.stop();
    at(0).exit({ code: 0, signal: null });
    await expect(second).rejects.toThrow();
    await expect(
      supervisor.reload(
        async () => () => reading,
        () => {},
      ),
    ).rejects.toMatchObject({ code: 'WSFW_DRAINING' });
  });
});

type Step =
  | { readonly do: 'loaded' | 'ready' | 'failed' | 'exit'; readonly pick: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'stop' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom('loaded', 'ready', 'failed', 'exit'),
      pick: fc.nat({ max: 7 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('advance'), ms: fc.constantFrom(50, 100, 1000, 30_000, 61_000) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: 'stop' }) },
);

describe('in any order of events', () => {
  it('there are never too many workers, a stop reaches all, and nobody comes after it', async () => {
    const property = fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(step, { maxLength: 60 }),
      async (count, steps) => {
        const { supervisor, spawned, alive, clock } = rig(count);
        const start = supervisor.start();
        start.catch(() => {});
        const take = (each: Step): void => {
          if (each.do === 'advance') clock.advance(each.ms);
          if (each.do === 'stop') void supervisor.stop();
          if (each.do === 'advance' || each.do === 'stop') return;
          const worker = alive()[each.pick % Math.max(1, alive().length)];
          if (worker === undefined) return;
          if (each.do === 'exit') worker.exit(KILLED);
          else if (each.do === 'failed')
            worker.say({ type: 'failed', failure: { message: 'no', problems: null } });
          else worker.say(each.do === 'ready' ? READY : { type: 'loaded' });
        };
        for (const each of steps) {
          take(each);
          expect(alive().length).toBeLessThanOrEqual(count);
          expect(supervisor.live).toBe(alive().length);
          // Whoever is told to end ends.
          for (const worker of alive()) if (worker.killed) worker.exit(KILLED);
        }
        const stop = supervisor.stop();
        for (const worker of alive()) expect(worker.stopsTold()).toBeGreaterThanOrEqual(1);
        for (const worker of alive()) worker.exit({ code: 0, signal: null });
        await stop;
        await start.catch(() => {});
        const before = spawned.length;
        clock.advance(120_000);
        expect(spawned.length).toBe(before);
        expect(clock.pending).toBe(0);
      },
    );
    await fc.assert(property, { numRuns: 500 });
  });
});
