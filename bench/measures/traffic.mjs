import { labelOf } from '../lib/cells.mjs';
import { runStage, stageSeconds } from './rounds.mjs';

/** @typedef {import('./bench.mjs').Sample} Sample */

/** What a window takes beside its own time: questions to processes, and the messages that are still under way. */
const OVERHEAD_MS = 30;
/** Messages of so many bytes in all take longer to turn round than a window lasts. */
const SLOW_BYTES = 64 * 1024 * 1024;
const SLOW_MS = 1_000;

/**
 * CPU time of the proxy a message, and how many there were a second: each echo is answered by the next message at once.
 * @type {import('./index.mjs').Run}
 */
export const traffic = {
  gives: ['cpu', 'throughput'],
  seconds: ({ traffic: { stages, rampMs, windowMs, warmupMs } }, count) =>
    stages.reduce((total, { cells, rounds, roundsEach, without }) => {
      const extraMs = cells.reduce((sum, cell) => sum + (bytesInFlight(cell) > SLOW_BYTES ? SLOW_MS : 0), 0);
      const windowsMs = rampMs + windowMs + OVERHEAD_MS + extraMs / cells.length;
      const proxies = count - without.length;
      return (
        total +
        stageSeconds({ cells: cells.length, rounds, roundsEach, proxies, warmupMs, windowMs: windowsMs })
      );
    }, 0),
  descriptors: ({ traffic: { stages } }, count) =>
    count * Math.max(0, ...stages.flatMap(({ cells }) => cells.map(({ connections }) => connections))),
  async measure(bench) {
    /** @type {Sample[]} */
    const samples = [];
    for (const stage of bench.plan.traffic.stages) {
      const cells = cellsOf(bench, stage.cells, bench.plan.traffic, ({ cell, cpu, perSecond }) => [
        { measure: 'cpu', setting: labelOf(cell), ...cpu },
        { measure: 'throughput', setting: labelOf(cell), ...perSecond },
      ]);
      samples.push(...(await runStage(bench, { ...stage, measure: 'CPU a message', cells })));
    }
    return samples;
  },
};

/** @param {import('../lib/cells.mjs').Cell} cell */
function bytesInFlight({ size, connections, depth }) {
  return size * connections * depth;
}

/**
 * @typedef {Omit<Sample, 'measure' | 'setting'>} Reading
 * @typedef {{ cell: import('../lib/cells.mjs').Cell, cpu: Reading, perSecond: Reading }} Window
 */

/**
 * @param {import('./bench.mjs').Bench} bench
 * @param {readonly import('../lib/cells.mjs').Cell[]} cells In the order of their connections.
 * @param {import('../lib/plan.mjs').Windows} plan
 * @param {(window: Window) => Sample[]} toSamples
 * @param {{ tls?: boolean }} [how]
 * @returns {import('./rounds.mjs').Cell[]}
 */
export function cellsOf(bench, cells, plan, toSamples, how) {
  return cells.map((cell, index) => ({
    title: labelOf(cell),
    async warmUp({ name, proxy }) {
      const missing = cell.connections - (cells[index - 1]?.connections ?? 0);
      if (missing > 0) await bench.load.open(name, proxy.port, missing, how);
      await bench.load.drive(name, { ...cell, durationMs: plan.warmupMs });
    },
    measure: async (one, round) =>
      toSamples({ cell, ...(await measureWindow(bench, one, cell, plan, round)) }),
  }));
}

/**
 * One proxy, driven for one window.
 * @param {import('./bench.mjs').Bench} bench
 * @param {import('./bench.mjs').Running} running
 * @param {import('../lib/cells.mjs').Cell} cell
 * @param {import('../lib/plan.mjs').Windows} plan
 * @param {number} round
 */
async function measureWindow(bench, running, cell, { rampMs, windowMs }, round) {
  const { name } = running;
  await bench.load.drive(name, { ...cell, durationMs: rampMs });
  const { done, cpuUs, cores } = await bench.meter(running, () =>
    bench.load.drive(name, { ...cell, durationMs: windowMs }),
  );
  const messagesPerSecond = (done.messages / done.durationMs) * 1_000;
  return {
    cpu: { proxy: name, round, value: cpuUs / done.messages, details: { messagesPerSecond, ...cores } },
    perSecond: {
      proxy: name,
      round,
      value: messagesPerSecond,
      details: { megabytesPerSecond: (messagesPerSecond * cell.size) / 1e6 },
    },
  };
}
