import { labelOf } from '../lib/cells.mjs';
import { countOf, runStage, stageSeconds } from './rounds.mjs';

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
  seconds: ({ traffic: { stages } }, proxies) =>
    stages.reduce((total, stage) => total + trafficSeconds(stage, proxies), 0),
  needs: ({ traffic: { stages } }, proxies) => {
    const files = Math.max(0, ...stages.map((stage) => trafficNeeds(stage, proxies).files));
    return { files, ports: files };
  },
  async measure(bench) {
    /** @type {Sample[]} */
    const samples = [];
    for (const stage of bench.plan.traffic.stages) {
      const cells = cellsOf(bench, stage, ({ cell, cpu, perSecond }) => [
        { measure: 'cpu', setting: labelOf(cell), ...cpu },
        { measure: 'throughput', setting: labelOf(cell), ...perSecond },
      ]);
      samples.push(...(await runStage(bench, { ...stage, measure: 'CPU a message', cells })));
    }
    return samples;
  },
};

/**
 * @param {import('../lib/plan.mjs').TrafficStage} stage
 * @param {readonly string[]} proxies
 */
export function trafficSeconds(stage, proxies) {
  const { cells, rampMs, windowMs } = stage;
  const slow = cells.filter((cell) => bytesInFlight(cell) > SLOW_BYTES).length;
  return stageSeconds({
    ...stage,
    cells: cells.length,
    proxies: countOf(proxies, stage),
    windowMs: rampMs + windowMs + OVERHEAD_MS + (slow * SLOW_MS) / cells.length,
  });
}

/**
 * All proxies have their connections at the same time, all to one upstream.
 * @param {import('../lib/plan.mjs').TrafficStage} stage
 * @param {readonly string[]} proxies
 */
export function trafficNeeds(stage, proxies) {
  const all = countOf(proxies, stage) * Math.max(0, ...stage.cells.map(({ connections }) => connections));
  return { files: all, ports: all };
}

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
 * @param {import('../lib/plan.mjs').TrafficStage} stage Its cells in the order of their connections.
 * @param {(window: Window) => Sample[]} toSamples
 * @param {{ tls?: boolean }} [how]
 * @returns {import('./rounds.mjs').Cell[]}
 */
export function cellsOf(bench, stage, toSamples, how) {
  return stage.cells.map((cell, index) => ({
    title: labelOf(cell),
    async warmUp({ name, proxy }) {
      const missing = cell.connections - (stage.cells[index - 1]?.connections ?? 0);
      if (missing > 0) await bench.load.open(name, proxy.port, missing, how);
      await bench.load.drive(name, { ...cell, durationMs: stage.warmupMs });
    },
    measure: async (one, round) =>
      toSamples({ cell, ...(await measureWindow(bench, one, cell, stage, round)) }),
  }));
}

/**
 * One proxy, driven for one window.
 * @param {import('./bench.mjs').Bench} bench
 * @param {import('./bench.mjs').Running} running
 * @param {import('../lib/cells.mjs').Cell} cell
 * @param {import('../lib/plan.mjs').Windows} windows
 * @param {number} round
 */
async function measureWindow(bench, running, cell, { rampMs, windowMs }, round) {
  const { name } = running;
  // What is slow to turn round ramps up within the first turn.
  if (bytesInFlight(cell) <= SLOW_BYTES) await bench.load.drive(name, { ...cell, durationMs: rampMs });
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
