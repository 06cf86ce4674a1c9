import { sizeOf } from '../lib/cells.mjs';
import { countOf, runStage, stageSeconds } from './rounds.mjs';

/** @typedef {import('./bench.mjs').Sample} Sample */

const OVERHEAD_MS = 40;
const DIRECT = 'direct';
const PERCENTILES = /** @type {const} */ ([
  ['p50', 'p50'],
  ['p99', 'p99'],
  ['p99.9', 'p999'],
]);

/**
 * At a fixed rate that nobody finds hard: CPU time of the proxy a message, and the latency that it adds to what a connection
 * straight to the upstream has in the same round.
 * @type {import('./index.mjs').Run}
 */
export const paced = {
  gives: ['cpu', 'latency'],
  seconds: ({ paced: plan }, proxies) =>
    stageSeconds({
      ...plan,
      cells: 1,
      proxies: countOf(proxies, plan) + 1,
      windowMs: plan.windowMs + OVERHEAD_MS,
    }),
  needs({ paced: plan }, proxies) {
    const all = plan.connections * (countOf(proxies, plan) + 1);
    return { files: all, ports: all };
  },
  async measure(bench) {
    const { size, connections, rate, rounds, roundsEach, without, warmupMs, windowMs } = bench.plan.paced;
    const title = `${sizeOf(size)} × ${connections} connections, ${rate.toLocaleString('en')} messages/s`;
    const samples = await runStage(bench, {
      measure: 'Latency',
      rounds,
      roundsEach,
      without,
      beside: [direct(bench.echo)],
      cells: [
        {
          title,
          async warmUp({ name, proxy }) {
            await bench.load.open(name, proxy.port, connections);
            await bench.load.pace(name, { size, rate, durationMs: warmupMs });
          },
          measure: (one, round) =>
            measureWindow(bench, one, round, title, { size, rate, durationMs: windowMs }),
        },
      ],
    });
    return minusDirect(samples);
  },
};

/**
 * The upstream itself, in a proxy's place.
 * @param {import('./processes.mjs').Echo} echo
 * @returns {import('./bench.mjs').Running}
 */
function direct({ port }) {
  return {
    name: DIRECT,
    proxy: {
      port,
      pids: [],
      usage: async () => ({ cpuUs: 0, rssBytes: 0 }),
      collectGarbage: null,
      stop: async () => {},
    },
  };
}

/**
 * @param {import('./bench.mjs').Bench} bench
 * @param {import('./bench.mjs').Running} running
 * @param {number} round
 * @param {string} title
 * @param {{ size: number, rate: number, durationMs: number }} how
 * @returns {Promise<Sample[]>}
 */
async function measureWindow(bench, running, round, title, how) {
  const { name } = running;
  const { done, cpuUs, cores } = await bench.meter(running, () => bench.load.pace(name, how));
  const messagesPerSecond = (done.messages / done.durationMs) * 1_000;
  /** @type {Sample} */
  const cpu = {
    measure: 'cpu',
    setting: title,
    proxy: name,
    round,
    value: cpuUs / done.messages,
    details: { messagesPerSecond, ...cores },
  };
  /** @type {Sample[]} */
  const latencies = PERCENTILES.map(([setting, key]) => ({
    measure: 'latency',
    setting,
    proxy: name,
    round,
    value: done.latency[key] * 1_000,
    details: { sentLate: done.lateness[key] * 1_000 },
  }));
  return name === DIRECT ? latencies : [cpu, ...latencies];
}

/**
 * Latencies become what they are more than the direct connection's of the same round.
 * @param {readonly Sample[]} samples
 * @returns {Sample[]}
 */
export function minusDirect(samples) {
  const keyOf = (/** @type {Sample} */ { setting, round }) => `${round} ${setting}`;
  const directs = new Map(
    samples.filter(({ proxy }) => proxy === DIRECT).map((sample) => [keyOf(sample), sample.value]),
  );
  return samples
    .filter(({ proxy }) => proxy !== DIRECT)
    .flatMap((sample) => {
      if (sample.measure !== 'latency') return [sample];
      const without = directs.get(keyOf(sample));
      if (without === undefined) return [];
      const details = { ...sample.details, whole: sample.value, direct: without };
      return [{ ...sample, value: sample.value - without, details }];
    });
}
