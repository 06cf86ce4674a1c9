import { setTimeout as sleep } from 'node:timers/promises';
import { countOf, runStage, stageSeconds } from './rounds.mjs';

/** The other end of the last connection may still be at work when the client's has closed. */
const SETTLE_MS = 20;
const OVERHEAD_MS = 30;

/**
 * CPU time of the proxy for a connection that opens and closes, and how many a second there were.
 * @type {import('./index.mjs').Run}
 */
export const handshakes = {
  gives: ['handshakes'],
  seconds: ({ handshakes: plan }, proxies) =>
    stageSeconds({
      ...plan,
      cells: 1,
      proxies: countOf(proxies, plan),
      windowMs: plan.windowMs + SETTLE_MS + OVERHEAD_MS,
    }),
  needs: ({ handshakes: { concurrency } }) => ({ files: 2 * concurrency, ports: concurrency }),
  measure(bench) {
    const { concurrency, rounds, roundsEach, warmupMs, windowMs, without } = bench.plan.handshakes;
    const setting = `${concurrency} at once`;
    const open = (
      /** @type {import('./bench.mjs').Running} */ { name, proxy },
      /** @type {number} */ durationMs,
    ) => bench.load.handshakes(name, proxy.port, { concurrency, durationMs });
    return runStage(bench, {
      measure: 'CPU a handshake',
      rounds,
      roundsEach,
      without,
      cells: [
        {
          title: setting,
          warmUp: (one) => open(one, warmupMs),
          async measure(one, round) {
            const { done, cpuUs, cores } = await bench.meter(one, async () => {
              const opened = await open(one, windowMs);
              await sleep(SETTLE_MS);
              return opened;
            });
            const handshakesPerSecond = (done.handshakes / done.durationMs) * 1_000;
            const value = cpuUs / done.handshakes;
            const details = { handshakesPerSecond, ...cores };
            return [{ measure: 'handshakes', setting, proxy: one.name, round, value, details }];
          },
        },
      ],
    });
  },
};
