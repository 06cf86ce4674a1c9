import { labelOf } from '../lib/cells.mjs';
import { certificate } from '../proxies/certificate/index.mjs';
import { runStage, stageSeconds } from './rounds.mjs';
import { cellsOf } from './traffic.mjs';

const OVERHEAD_MS = 40;

/**
 * CPU time of the proxy a message when clients come over TLS. Between proxy and upstream there is none.
 * @type {import('./index.mjs').Run}
 */
export const tls = {
  gives: ['tls'],
  seconds: ({ tls: { cells, rounds, roundsEach, warmupMs, rampMs, windowMs, without } }, count) =>
    stageSeconds({
      cells: cells.length,
      rounds,
      roundsEach,
      warmupMs,
      proxies: count - without.length,
      windowMs: rampMs + windowMs + OVERHEAD_MS,
    }),
  descriptors: ({ tls: { cells } }, count) =>
    count * Math.max(0, ...cells.map(({ connections }) => connections)),
  measure(bench) {
    const plan = bench.plan.tls;
    const cells = cellsOf(
      bench,
      plan.cells,
      plan,
      ({ cell, cpu }) => [{ measure: 'tls', setting: labelOf(cell), ...cpu }],
      { tls: true },
    );
    return runStage(bench, { ...plan, measure: 'CPU a message with TLS', cells, tls: certificate });
  },
};
