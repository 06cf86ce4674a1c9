import { setTimeout as sleep } from 'node:timers/promises';
import { Flooder } from './processes.mjs';
import { countOf, inTurn } from './rounds.mjs';

/** @typedef {import('./bench.mjs').Sample} Sample */

const LOOK_EVERY_MS = 50;
const START_AND_STOP_MS = 1_000;

/**
 * How much a proxy grows when its upstream sends without end and the client does not read: bounded where the proxy stops
 * reading too, and as large as the flood where it does not. Ends when the flood has stood still for a while.
 * @type {import('./index.mjs').Run}
 */
export const flood = {
  gives: ['flood'],
  seconds: ({ flood: plan }, proxies) =>
    (countOf(proxies, plan) * plan.rounds * (START_AND_STOP_MS + 1.5 * plan.stillMs)) / 1_000,
  needs: () => ({ files: 2, ports: 1 }),
  async measure(bench) {
    const { bytes, rounds, without } = bench.plan.flood;
    const flooder = new Flooder();
    /** @type {Sample[]} */
    const samples = [];
    const failed = new Set(without);
    try {
      await flooder.start(bytes);
      for (let round = 0; round < rounds; round++) {
        if (round > 0 && bench.isLate()) break;
        for (const candidate of inTurn(bench.proxies, round)) {
          if (failed.has(candidate.name)) continue;
          bench.progress(`Flood: round ${round + 1} of ${rounds}, ${candidate.name}`);
          const sample = await bench.attempt('Flood', candidate.name, () =>
            floodOnce(bench, flooder, candidate, round),
          );
          if (sample === null) failed.add(candidate.name);
          else samples.push(sample);
        }
      }
    } finally {
      await flooder.stop();
    }
    return samples;
  },
};

/**
 * @param {import('./bench.mjs').Bench} bench
 * @param {Flooder} flooder
 * @param {import('../proxies/index.mjs').Proxy} candidate
 * @param {number} round
 * @returns {Promise<Sample>}
 */
async function floodOnce(bench, flooder, candidate, round) {
  const proxy = await bench.start(candidate, { upstreamPort: flooder.port });
  try {
    const { rssBytes: before } = await proxy.usage();
    await bench.load.openNotReading(candidate.name, proxy.port);
    const { peakBytes, sentBytes } = await watch(bench, flooder, proxy);
    const stillOpen = await bench.load.closeNotReading(candidate.name);
    await flooder.reset();
    return {
      measure: 'flood',
      setting: '1 client that does not read',
      proxy: candidate.name,
      round,
      value: (peakBytes - before) / 2 ** 20,
      details: { takenMib: sentBytes / 2 ** 20, stillOpen: Number(stillOpen) },
    };
  } finally {
    await proxy.stop();
  }
}

/**
 * Until the flood has stood still for long enough, or for too long.
 * @param {import('./bench.mjs').Bench} bench
 * @param {Flooder} flooder
 * @param {import('../proxies/index.mjs').RunningProxy} proxy
 */
async function watch(bench, flooder, proxy) {
  const { stillMs, atMostMs } = bench.plan.flood;
  const deadline = performance.now() + atMostMs;
  let stillSince = performance.now();
  let sentBytes = 0;
  let peakBytes = 0;
  while (performance.now() - stillSince < stillMs && performance.now() < deadline) {
    await sleep(LOOK_EVERY_MS);
    const sent = await flooder.sent();
    if (sent !== sentBytes) stillSince = performance.now();
    sentBytes = sent;
    peakBytes = Math.max(peakBytes, (await proxy.usage()).rssBytes);
  }
  return { peakBytes, sentBytes };
}
