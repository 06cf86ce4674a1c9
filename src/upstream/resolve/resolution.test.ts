import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeConnection, nameOfLease, placeOf, poolOf } from '../../../test/support/pools.ts';
import type { Place } from '../pool/member.ts';
import type { Found } from './name-source.ts';
import type { Source } from './name-watch.ts';
import { Resolution, type ResolveOptions } from './resolution.ts';

/** A DNS that says what a test wants, at once. */
class FakeSource implements Source {
  answer: readonly Found[] | Error | null = null;
  asked = 0;
  cancelled = false;

  find(): Promise<readonly Found[]> {
    this.asked++;
    if (this.answer === null) return new Promise(() => {});
    return this.answer instanceof Error ? Promise.reject(this.answer) : Promise.resolve(this.answer);
  }

  cancel(): void {
    this.cancelled = true;
  }
}

const at = (...addresses: string[]): Found[] =>
  addresses.map((address) => ({ address, port: null, priority: 0, weight: 1 }));

const missing = Object.assign(new Error('queryA ENOTFOUND chat.test'), { code: 'ENOTFOUND' });

function resolving(places: readonly Place[] = [placeOf('chat')], options: Partial<ResolveOptions> = {}) {
  const made = poolOf([]);
  const { pool, clock, logger } = made;
  const sources = new Map<string, FakeSource>();
  const sourceFor = (host: string): Source => {
    const source = new FakeSource();
    sources.set(host, source);
    return source;
  };
  const resolution = new Resolution(
    places,
    (found) => pool.update(found),
    { intervalMs: 30_000, ...options },
    { clock, logger, sourceFor },
  );
  const source = (host = 'chat.test'): FakeSource => {
    const found = sources.get(host);
    if (found === undefined) throw new Error(`nobody asks for ${host}`);
    return found;
  };
  const hosts = (): string[] => pool.members.map(({ place }) => place.endpoint.host);
  /** Moves time, a second at most at once, and waits each time until what became due is done. */
  const advance = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 1_000) {
      clock.advance(Math.min(left, 1_000));
      await turn();
    }
  };
  const log = (): string[] => logger.lines.map(({ level, message }) => `${level}: ${message}`);
  return { ...made, resolution, source, hosts, advance, log };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let rig: ReturnType<typeof resolving>;

beforeEach(() => {
  rig = resolving();
});

afterEach(() => {
  rig.resolution.stop();
  expect(rig.clock.pending).toBe(0);
});

describe('a name that is resolved again and again', () => {
  it('becomes one endpoint for each of its addresses', async () => {
    rig.source().answer = at('10.0.0.1', '10.0.0.2', 'fd00::1');
    await rig.resolution.start();
    expect(rig.hosts()).toEqual(['10.0.0.1', '10.0.0.2', 'fd00::1']);
    expect(rig.pool.stats().map(({ endpoint }) => endpoint)).toEqual([
      'ws://chat.test/ at 10.0.0.1',
      'ws://chat.test/ at 10.0.0.2',
      'ws://chat.test/ at fd00::1',
    ]);
  });

  it('has no endpoint before the first answer', async () => {
    const started = rig.resolution.start();
    expect(rig.pool.select(null)).toBeNull();
    await rig.advance(5_000);
    await started;
    expect(rig.pool.select(null)).toBeNull();
    rig.source().answer = at('10.0.0.1');
    await rig.advance(1_000);
    expect(rig.hosts()).toEqual(['10.0.0.1']);
  });

  it('drains the endpoints that vanish and gives new ones their share, at the next interval', async () => {
    rig.source().answer = at('10.0.0.1', '10.0.0.2');
    await rig.resolution.start();
    const lease = rig.select();
    const connection = fakeConnection();
    rig.pool.opened(lease, connection);

    rig.source().answer = at('10.0.0.2', '10.0.0.3');
    await rig.advance(29_999);
    expect(rig.drained).toEqual([]);
    await rig.advance(1);
    expect(rig.drained).toEqual([connection]);
    expect(rig.hosts()).toEqual(['10.0.0.2', '10.0.0.3']);
    const chosen = [rig.select(), rig.select()].map(({ member }) => member.place.endpoint.host);
    expect(chosen.sort()).toEqual(['10.0.0.2', '10.0.0.3']);
  });

  it('says nothing when nothing has changed', async () => {
    rig.source().answer = at('10.0.0.1');
    await rig.resolution.start();
    await rig.advance(300_000);
    expect(rig.source().asked).toBe(11);
    expect(rig.log()).toEqual(['info: the endpoints have changed']);
  });

  it.each([
    ['it is said not to exist', missing],
    ['it is said to have no address', Object.assign(new Error('no data'), { code: 'ENODATA' })],
    ['the look-up fails', Object.assign(new Error('server failure'), { code: 'ESERVFAIL' })],
  ])('keeps its last known addresses when %s, and says so once', async (_, error) => {
    rig.source().answer = at('10.0.0.1');
    await rig.resolution.start();
    rig.pool.opened(rig.select(), fakeConnection());
    rig.source().answer = error;
    await rig.advance(90_000);
    expect(rig.hosts()).toEqual(['10.0.0.1']);
    expect(rig.drained).toEqual([]);
    rig.source().answer = at('10.0.0.2');
    await rig.advance(30_000);
    expect(rig.hosts()).toEqual(['10.0.0.2']);
    expect(rig.log()).toEqual([
      'info: the endpoints have changed',
      'warn: the name cannot be resolved: its last known addresses stay',
      'info: the name can be resolved again',
      'info: the endpoints have changed',
    ]);
  });

  it('is asked for soon again while nothing is known of it, then less and less often', async () => {
    rig.source().answer = missing;
    await rig.resolution.start();
    const asked: number[] = [];
    for (let second = 0; second < 120; second++) {
      const before = rig.source().asked;
      await rig.advance(1_000);
      if (rig.source().asked > before) asked.push(second + 1);
    }
    expect(asked).toEqual([1, 3, 7, 15, 31, 61, 91]);
    expect(rig.log()).toEqual(['warn: the name cannot be resolved: it has no addresses yet']);
  });

  it('gives a question up that is not answered within five seconds', async () => {
    rig.source().answer = at('10.0.0.1');
    await rig.resolution.start();
    rig.source().answer = null;
    await rig.advance(30_000);
    await rig.advance(5_000);
    expect(rig.source().cancelled).toBe(true);
    expect(rig.log().at(-1)).toBe('warn: the name cannot be resolved: its last known addresses stay');
    rig.source().answer = at('10.0.0.2');
    await rig.advance(30_000);
    expect(rig.hosts()).toEqual(['10.0.0.2']);
  });

  it('is asked for no more once stopped, and what comes then changes nothing', async () => {
    rig.source().answer = at('10.0.0.1');
    const started = rig.resolution.start();
    rig.resolution.stop();
    await started;
    expect(rig.hosts()).toEqual([]);
    expect(rig.source().cancelled).toBe(true);
  });
});

describe('several names', () => {
  it('are resolved each on its own, and addresses stay as they are', async () => {
    rig = resolving([placeOf('a'), placeOf('ws://10.9.9.9:8080/'), placeOf('b', { weight: 3 })]);
    rig.source('a.test').answer = at('10.0.0.1');
    rig.source('b.test').answer = missing;
    await rig.resolution.start();
    expect(rig.hosts()).toEqual(['10.0.0.1', '10.9.9.9']);
    rig.source('a.test').answer = missing;
    rig.source('b.test').answer = at('10.0.0.2');
    await rig.advance(30_000);
    expect(rig.hosts()).toEqual(['10.0.0.1', '10.9.9.9', '10.0.0.2']);
    expect(rig.pool.members.map(({ weight }) => weight)).toEqual([1, 1, 3]);
  });
});

describe('an address found for a name', () => {
  it('keeps the name for Host and TLS', async () => {
    const tls = { secureContext: { context: null }, servername: null, rejectUnauthorized: true };
    rig = resolving([placeOf('wss://chat.test:8443/ws', { tls })]);
    rig.source().answer = at('10.0.0.1');
    await rig.resolution.start();
    expect(rig.pool.members[0]?.place).toMatchObject({
      endpoint: { host: '10.0.0.1', port: 8443, authority: 'chat.test:8443' },
      tls: { servername: 'chat.test' },
    });
  });

  it('brings port, priority and weight along with an SRV record', async () => {
    rig = resolving([placeOf('chat')], { srv: '_ws._tcp.chat.test' });
    rig.source().answer = [
      { address: '10.0.0.1', port: 9001, priority: 10, weight: 60 },
      { address: 'fd00::2', port: 9002, priority: 20, weight: 1 },
    ];
    await rig.resolution.start();
    expect(
      rig.pool.members.map(({ name, weight, place }) => [name, place.endpoint.port, place.priority, weight]),
    ).toEqual([
      ['ws://chat.test/ at 10.0.0.1:9001', 9001, 10, 60],
      ['ws://chat.test/ at [fd00::2]:9002', 9002, 20, 1],
    ]);
    expect(nameOfLease(rig.select())).toBe('chat');
  });

  it('follows a weight that changes without draining anybody', async () => {
    rig = resolving([placeOf('chat')], { srv: '_ws._tcp.chat.test' });
    const srv = (weight: number): Found[] => [{ address: '10.0.0.1', port: 9001, priority: 10, weight }];
    rig.source().answer = srv(10);
    await rig.resolution.start();
    rig.pool.opened(rig.select(), fakeConnection());
    rig.source().answer = srv(20);
    await rig.advance(30_000);
    expect(rig.pool.members.map(({ weight }) => weight)).toEqual([20]);
    expect(rig.drained).toEqual([]);
  });
});
