import { setTimeout as sleep } from 'node:timers/promises';
import { inGenerations, inTurn } from './rounds.mjs';

/** @typedef {import('../lib/targets.mjs').Sample} Sample */

/** The other end of the last connection may still be at work when the client's has closed. */
const SETTLE_MS = 20;

/**
 * CPU time of the proxy for a connection that opens and closes, and how many a second there were.
 * @param {import('./rounds.mjs').Bench} bench
 * @returns {Promise<Sample[]>}
 */
export function measureHandshakes(bench) {
  const { concurrency, rounds, warmupMs, windowMs } = bench.settings.handshakes;
  return inGenerations(bench, bench.settings.handshakes, async (running, first, last) => {
    bench.progress('CPU a handshake: warming up');
    for (const { name, proxy } of running)
      await bench.load.handshakes(name, proxy.port, { concurrency, durationMs: warmupMs });
    /** @type {Sample[]} */
    const samples = [];
    for (let round = first; round < last; round++) {
      bench.progress(`CPU a handshake: round ${round + 1} of ${rounds}`);
      for (const one of inTurn(running, round)) {
        const { done, cpuUs, cores } = await bench.meter(one, async () => {
          const done = await bench.load.handshakes(one.name, one.proxy.port, {
            concurrency,
            durationMs: windowMs,
          });
          await sleep(SETTLE_MS);
          return done;
        });
        samples.push({
          measure: 'handshakes',
          setting: `${concurrency} at once`,
          proxy: one.name,
          round,
          value: cpuUs / done.handshakes,
          details: {
            handshakes: done.handshakes,
            handshakesPerSecond: (done.handshakes / done.durationMs) * 1000,
            ...cores,
          },
        });
      }
    }
    return samples;
  });
}
