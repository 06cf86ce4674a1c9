import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from './bench.mjs';
import { inTurn, runStage } from './rounds.mjs';

/** A bench whose proxies and load generator are only pretended. */
function pretended() {
  /** @type {string[]} */
  const started = [];
  const proxies = ['a', 'b'].map((name) => ({
    name,
    title: name,
    install: '',
    find: () => '1',
    start: async () => {
      started.push(name);
      const usage = async () => ({ cpuUs: 0, rssBytes: 0 });
      return {
        port: 1,
        pids: [],
        usage,
        collectGarbage: null,
        stop: async () => void started.push(`-${name}`),
      };
    },
  }));
  const load = /** @type {import('./processes.mjs').Load} */ (
    /** @type {unknown} */ ({ close: async () => {} })
  );
  const echo = /** @type {import('./processes.mjs').Echo} */ (/** @type {unknown} */ ({ port: 1 }));
  const plan = /** @type {import('../lib/plan.mjs').Plan} */ ({});
  const bench = new Bench({ plan, measures: new Set(), proxies, echo, load, progress: () => {} });
  return { bench, started };
}

/** @param {(name: string, round: number) => void} [onMeasure] */
function stageOf(onMeasure = () => {}) {
  return {
    measure: 'M',
    rounds: 4,
    roundsEach: 2,
    without: [],
    cells: [
      {
        title: 'cell',
        warmUp: async () => {},
        measure: async (
          /** @type {import('./bench.mjs').Running} */ { name },
          /** @type {number} */ round,
        ) => {
          onMeasure(name, round);
          return [{ measure: /** @type {const} */ ('cpu'), setting: 'cell', proxy: name, round, value: 1 }];
        },
      },
    ],
  };
}

test('lets proxies take turns, and starts all anew every few rounds', async () => {
  const { bench, started } = pretended();
  const samples = await runStage(bench, stageOf());
  assert.deepEqual(
    samples.map(({ proxy, round }) => `${proxy}${round}`),
    ['a0', 'b0', 'b1', 'a1', 'a2', 'b2', 'b3', 'a3'],
  );
  assert.deepEqual(started, ['a', 'b', '-a', '-b', 'a', 'b', '-a', '-b']);
  assert.deepEqual(inTurn([1, 2], 1), [2, 1]);
});

test('leaves a proxy that fails out of what follows, and says why', async () => {
  const { bench } = pretended();
  const samples = await runStage(
    bench,
    stageOf((name, round) => {
      if (name === 'b' && round === 1) throw new Error('broken');
    }),
  );
  assert.deepEqual(
    samples.map(({ proxy, round }) => `${proxy}${round}`),
    ['a0', 'b0', 'a1', 'a2', 'a3'],
  );
  assert.deepEqual(bench.problems, [{ measure: 'M', proxy: 'b', message: 'broken' }]);
});

test('begins no further round when it is late, but measures each proxy once', async () => {
  const { bench, started } = pretended();
  bench.deadline = 0;
  const samples = await runStage(bench, stageOf());
  assert.deepEqual(
    samples.map(({ proxy, round }) => `${proxy}${round}`),
    ['a0', 'b0'],
  );
  assert.equal(bench.hurried, true);
  assert.deepEqual(started.slice(-2), ['-a', '-b']);
});
