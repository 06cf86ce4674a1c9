import { inTurn } from './rounds.mjs';

/** @typedef {import('../lib/targets.mjs').Sample} Sample */
/** @typedef {{ name: string, proxy: import('../proxies/index.mjs').RunningProxy }} Running */

/**
 * CPU time of the proxy an echoed message: closed loop, all proxies up all the time, one driven at a time. Every few
 * rounds all of them are started anew: a process keeps habits for as long as it lives (what the compiler made of it, where
 * its memory lies, how its turns fall together with the others'), and one that got bad ones would bend the whole result.
 * @param {import('./rounds.mjs').Bench} bench
 * @returns {Promise<Sample[]>}
 */
export async function measureCpu(bench) {
  const { connections, rounds, roundsEach } = bench.settings.cpu;
  /** @type {Sample[]} */
  const samples = [];
  for (let first = 0; first < rounds; first += roundsEach) {
    const running = await bench.startAll();
    try {
      for (const { name, proxy } of running) await bench.load.open(name, proxy.port, connections);
      const last = Math.min(rounds, first + roundsEach);
      samples.push(...(await measureGeneration(bench, running, first, last)));
      for (const { name } of running) await bench.load.close(name);
    } finally {
      for (const { proxy } of running) await proxy.stop();
    }
  }
  return samples;
}

/**
 * The rounds from `first` up to `last`, at each depth.
 * @param {import('./rounds.mjs').Bench} bench
 * @param {readonly Running[]} running
 * @param {number} first
 * @param {number} last
 */
async function measureGeneration(bench, running, first, last) {
  const { depths, rounds, size, warmupMs } = bench.settings.cpu;
  /** @type {Sample[]} */
  const samples = [];
  for (const depth of depths) {
    bench.progress(`CPU a message, ${depth} in flight: warming up`);
    for (const { name } of running) await bench.load.drive(name, { depth, size, durationMs: warmupMs });
    for (let round = first; round < last; round++) {
      bench.progress(`CPU a message, ${depth} in flight: round ${round + 1} of ${rounds}`);
      for (const one of inTurn(running, round)) samples.push(await measureWindow(bench, one, depth, round));
    }
  }
  return samples;
}

/**
 * One proxy, driven for one window.
 * @param {import('./rounds.mjs').Bench} bench
 * @param {Running} running
 * @param {number} depth
 * @param {number} round
 * @returns {Promise<Sample>}
 */
async function measureWindow(bench, { name, proxy }, depth, round) {
  const { size, rampMs, windowMs } = bench.settings.cpu;
  await bench.load.drive(name, { depth, size, durationMs: rampMs });
  // Read while all is quiet, before the first message and after the last: nothing falls between.
  const [before, echoBefore] = [await proxy.usage(), await bench.echo.usage()];
  const { messages, durationMs, loadCpuUs } = await bench.load.drive(name, {
    depth,
    size,
    durationMs: windowMs,
  });
  const [after, echoAfter] = [await proxy.usage(), await bench.echo.usage()];
  return {
    measure: 'cpu',
    setting: `${depth} in flight`,
    proxy: name,
    round,
    value: (after.cpuUs - before.cpuUs) / messages,
    details: {
      messages,
      messagesPerSecond: (messages / durationMs) * 1000,
      proxyCores: (after.cpuUs - before.cpuUs) / 1000 / durationMs,
      loadCores: loadCpuUs / 1000 / durationMs,
      echoCores: (echoAfter.cpuUs - echoBefore.cpuUs) / 1000 / durationMs,
    },
  };
}
