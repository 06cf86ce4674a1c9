import { inGenerations, inTurn } from './rounds.mjs';

/** @typedef {import('../lib/targets.mjs').Sample} Sample */

/**
 * CPU time of the proxy an echoed message: closed loop, all proxies up all the time, one driven at a time.
 * @param {import('./rounds.mjs').Bench} bench
 * @returns {Promise<Sample[]>}
 */
export function measureCpu(bench) {
  const { connections, depths } = bench.settings.cpu;
  return inGenerations(bench, bench.settings.cpu, async (running, first, last) => {
    /** @type {Sample[]} */
    const samples = [];
    for (const { name, proxy } of running) await bench.load.open(name, proxy.port, connections);
    for (const depth of depths) samples.push(...(await measureDepth(bench, running, depth, first, last)));
    for (const { name } of running) await bench.load.close(name);
    return samples;
  });
}

/**
 * @param {import('./rounds.mjs').Bench} bench
 * @param {readonly import('./rounds.mjs').Running[]} running
 * @param {number} depth
 * @param {number} first
 * @param {number} last
 */
async function measureDepth(bench, running, depth, first, last) {
  const { rounds, size, warmupMs } = bench.settings.cpu;
  /** @type {Sample[]} */
  const samples = [];
  bench.progress(`CPU a message, ${depth} in flight: warming up`);
  for (const { name } of running) await bench.load.drive(name, { depth, size, durationMs: warmupMs });
  for (let round = first; round < last; round++) {
    bench.progress(`CPU a message, ${depth} in flight: round ${round + 1} of ${rounds}`);
    for (const one of inTurn(running, round)) samples.push(await measureWindow(bench, one, depth, round));
  }
  return samples;
}

/**
 * One proxy, driven for one window.
 * @param {import('./rounds.mjs').Bench} bench
 * @param {import('./rounds.mjs').Running} running
 * @param {number} depth
 * @param {number} round
 * @returns {Promise<Sample>}
 */
async function measureWindow(bench, running, depth, round) {
  const { size, rampMs, windowMs } = bench.settings.cpu;
  const { name } = running;
  await bench.load.drive(name, { depth, size, durationMs: rampMs });
  const { done, cpuUs, cores } = await bench.meter(running, () =>
    bench.load.drive(name, { depth, size, durationMs: windowMs }),
  );
  const { messages, durationMs } = done;
  return {
    measure: 'cpu',
    setting: `${depth} in flight`,
    proxy: name,
    round,
    value: cpuUs / messages,
    details: { messages, messagesPerSecond: (messages / durationMs) * 1000, ...cores },
  };
}
