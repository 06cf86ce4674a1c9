import { inTurn } from './rounds.mjs';

/**
 * CPU time of the proxy an echoed message: closed loop, all proxies up all the time, one driven at a time.
 * @param {import('./rounds.mjs').Bench} bench
 * @returns {Promise<import('../lib/targets.mjs').Sample[]>}
 */
export async function measureCpu(bench) {
  const { size, connections, depths, rounds, warmupMs, rampMs, windowMs } = bench.settings.cpu;
  /** @type {import('../lib/targets.mjs').Sample[]} */
  const samples = [];
  const running = await bench.startAll();
  try {
    for (const { name, proxy } of running) await bench.load.open(name, proxy.port, connections);
    for (const depth of depths) {
      const drive = (/** @type {string} */ set, /** @type {number} */ durationMs) =>
        bench.load.drive(set, { depth, size, durationMs });

      bench.progress(`CPU a message, ${depth} in flight: warming up`);
      for (const { name } of running) await drive(name, warmupMs);
      for (let round = 0; round < rounds; round++) {
        bench.progress(`CPU a message, ${depth} in flight: round ${round + 1} of ${rounds}`);
        for (const { name, proxy } of inTurn(running, round)) {
          await drive(name, rampMs);
          // Read while all is quiet, before the first message and after the last: nothing falls between.
          const [before, echoBefore] = [await proxy.usage(), await bench.echo.usage()];
          const { messages, durationMs, loadCpuUs } = await drive(name, windowMs);
          const [after, echoAfter] = [await proxy.usage(), await bench.echo.usage()];
          samples.push({
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
          });
        }
      }
    }
    for (const { name } of running) await bench.load.close(name);
  } finally {
    for (const { proxy } of running) await proxy.stop();
  }
  return samples;
}
