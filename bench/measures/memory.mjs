import { setTimeout as sleep } from 'node:timers/promises';
import { inTurn } from './rounds.mjs';

const SETTLE_EVERY_MS = 100;
const SETTLE_MS = 4_000;
const SETTLED_BYTES = 64 * 1024;
const SETTLED_READINGS = 3;

/**
 * Resident memory of an idle proxied connection: the slope between few and many of them, in a fresh process each
 * time. Each connection has carried one message, so that nothing is left to be allocated with its first.
 * @param {import('./rounds.mjs').Bench} bench
 * @returns {Promise<import('../lib/targets.mjs').Sample[]>}
 */
export async function measureMemory(bench) {
  const { few, many, rounds } = bench.settings.memory;
  /** @type {import('../lib/targets.mjs').Sample[]} */
  const samples = [];
  for (let round = 0; round < rounds; round++) {
    bench.progress(`memory an idle connection: round ${round + 1} of ${rounds}`);
    for (const candidate of inTurn(bench.proxies, round)) {
      const { fewBytes, manyBytes } = await readBoth(bench, candidate);
      samples.push({
        measure: 'memory',
        setting: `${few} to ${many} connections`,
        proxy: candidate.name,
        round,
        value: (manyBytes - fewBytes) / (many - few) / 1024,
        details: { fewBytes, manyBytes },
      });
    }
  }
  return samples;
}

/**
 * @param {import('./rounds.mjs').Bench} bench
 * @param {import('../proxies/index.mjs').Proxy} candidate
 */
async function readBoth(bench, { name, start }) {
  const { few, many, churns, nodeFlags, env } = bench.settings.memory;
  const proxy = await start({ upstreamPort: bench.echo.port, tls: null, workers: 1, nodeFlags, env });
  try {
    // Compiled code must not count as connections' memory: the handshake runs hot before the first reading.
    for (let churn = 0; churn < churns; churn++) {
      await bench.load.open(name, proxy.port, few);
      await bench.load.close(name);
    }
    await bench.load.open(name, proxy.port, few);
    const fewBytes = await settledRss(proxy);
    await bench.load.open(name, proxy.port, many - few);
    const manyBytes = await settledRss(proxy);
    await bench.load.check(name);
    await bench.load.close(name);
    return { fewBytes, manyBytes };
  } finally {
    await proxy.stop();
  }
}

/** @param {import('../proxies/index.mjs').RunningProxy} proxy */
async function settledRss(proxy) {
  const deadline = performance.now() + SETTLE_MS;
  let last = Number.POSITIVE_INFINITY;
  let same = 0;
  while (same < SETTLED_READINGS && performance.now() < deadline) {
    await proxy.collectGarbage?.();
    await sleep(SETTLE_EVERY_MS);
    const { rssBytes } = await proxy.usage();
    same = Math.abs(rssBytes - last) <= SETTLED_BYTES ? same + 1 : 0;
    last = rssBytes;
  }
  return last;
}
