import { labelOf } from '../lib/cells.mjs';
import { certificate } from '../proxies/certificate/index.mjs';
import { runStage } from './rounds.mjs';
import { cellsOf, trafficNeeds, trafficSeconds } from './traffic.mjs';

/**
 * CPU time of the proxy a message when clients come over TLS. Between proxy and upstream there is none.
 * @type {import('./index.mjs').Run}
 */
export const tls = {
  gives: ['tls'],
  seconds: ({ tls: stage }, proxies) => trafficSeconds(stage, proxies),
  needs: ({ tls: stage }, proxies) => trafficNeeds(stage, proxies),
  measure(bench) {
    const stage = bench.plan.tls;
    const cells = cellsOf(
      bench,
      stage,
      ({ cell, cpu }) => [{ measure: 'tls', setting: labelOf(cell), ...cpu }],
      { tls: true },
    );
    return runStage(bench, { ...stage, measure: 'CPU a message with TLS', cells, tls: certificate });
  },
};
