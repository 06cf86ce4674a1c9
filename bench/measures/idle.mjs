import { setTimeout as sleep } from 'node:timers/promises';
import { SUBJECT } from '../lib/targets.mjs';
import { countOf, inTurn } from './rounds.mjs';

/** @typedef {import('./bench.mjs').Sample} Sample */

const SETTLE_EVERY_MS = 100;
const SETTLE_MS = 4_000;
const SETTLED_BYTES = 64 * 1024;
const SETTLED_READINGS = 3;
/** What it takes on a machine like ours, for the estimate. */
const OPEN_MS = 0.3;
const READ_MS = 600;
const START_AND_STOP_MS = 1_000;

/**
 * Many idle connections: resident memory of each, as the slope between few and many of them in a fresh process each
 * time, and CPU time while nobody says a word but those who ping.
 * @type {import('./index.mjs').Run}
 */
export const idle = {
  gives: ['memory', 'heartbeats'],
  seconds({ idle: plan }, names, measures) {
    const proxies = countOf(names, plan);
    const opening = START_AND_STOP_MS + (plan.churns * plan.few + plan.many) * OPEN_MS + plan.trafficMs;
    const traffic = Math.min(plan.rounds, plan.trafficRounds) * (plan.trafficMs + READ_MS);
    const weighing = proxies * (plan.rounds * 2 * READ_MS + traffic);
    const { rounds, subjectMs, otherMs } = plan.heartbeats;
    const listening = Math.min(plan.rounds, rounds) * subjectMs + (proxies - 1) * otherMs;
    return (
      ((measures.has('memory') ? plan.rounds : 1) * proxies * opening +
        (measures.has('memory') ? weighing : 0) +
        (measures.has('heartbeats') ? listening : 0)) /
      1_000
    );
  },
  // A proxy has two sockets for each connection, one of which has a port of its own.
  needs: ({ idle: { many } }) => ({ files: 2 * many, ports: many }),
  async measure(bench) {
    const { rounds, without } = bench.plan.idle;
    /** @type {Sample[]} */
    const samples = [];
    const failed = new Set(without);
    for (let round = 0; round < rounds; round++) {
      if (round > 0 && bench.isLate()) break;
      for (const candidate of inTurn(bench.proxies, round)) {
        if (failed.has(candidate.name) || !isWorthIt(bench, candidate.name, round)) continue;
        bench.progress(`Idle connections: round ${round + 1} of ${rounds}, ${candidate.name}`);
        const readings = await bench.attempt('Idle connections', candidate.name, () =>
          measureOnce(bench, candidate, round),
        );
        if (readings === null) failed.add(candidate.name);
        else samples.push(...readings);
      }
    }
    return samples;
  },
};

/**
 * Who is silent uses next to nothing, which one round shows as well as many.
 * @param {import('./bench.mjs').Bench} bench
 * @param {string} name
 * @param {number} round
 */
function listens({ measures, plan }, name, round) {
  return measures.has('heartbeats') && round < (name === SUBJECT ? plan.idle.heartbeats.rounds : 1);
}

/**
 * @param {import('./bench.mjs').Bench} bench
 * @param {string} name
 * @param {number} round
 */
function isWorthIt(bench, name, round) {
  return bench.measures.has('memory') || listens(bench, name, round);
}

/**
 * @param {import('./bench.mjs').Bench} bench
 * @param {import('../proxies/index.mjs').Proxy} candidate
 * @param {number} round
 * @returns {Promise<Sample[]>}
 */
async function measureOnce(bench, candidate, round) {
  const { nodeFlags, env } = bench.plan.idle;
  const proxy = await bench.start(candidate, { nodeFlags, env });
  try {
    return await takeReadings(bench, { name: candidate.name, proxy }, round);
  } finally {
    await bench.load.close(candidate.name);
    await proxy.stop();
  }
}

/**
 * @param {import('./bench.mjs').Bench} bench
 * @param {import('./bench.mjs').Running} running
 * @param {number} round
 */
async function takeReadings(bench, { name, proxy }, round) {
  const { few, many, churns, size, trafficMs, trafficRounds } = bench.plan.idle;
  const weighs = bench.measures.has('memory');
  /** @type {Sample[]} */
  const samples = [];
  // Compiled code must not count as connections' memory: the handshake runs hot before the first reading.
  for (let churn = 0; churn < churns; churn++) {
    await bench.load.open(name, proxy.port, few);
    await bench.load.close(name);
  }
  await bench.load.open(name, proxy.port, few);
  await bench.load.drive(name, { depth: 1, size, durationMs: trafficMs });
  const fewBytes = weighs ? await settledRss(proxy) : 0;
  await bench.load.open(name, proxy.port, many - few);
  const weigh = async (/** @type {string} */ setting) => {
    if (!weighs) return;
    const manyBytes = await settledRss(proxy);
    const value = (manyBytes - fewBytes) / (many - few) / 1_024;
    samples.push({ measure: 'memory', setting, proxy: name, round, value, details: { fewBytes, manyBytes } });
  };
  await weigh('idle');
  if (listens(bench, name, round)) {
    samples.push(await listen(bench, { name, proxy }, round));
    if (name === SUBJECT) await weigh('after heartbeats');
  }
  if (weighs && round < trafficRounds) {
    await bench.load.drive(name, { depth: 1, size, durationMs: trafficMs });
    await weigh('after traffic');
  }
  await bench.load.check(name);
  return samples;
}

/**
 * @param {import('./bench.mjs').Bench} bench
 * @param {import('./bench.mjs').Running} running
 * @param {number} round
 * @returns {Promise<Sample>}
 */
async function listen(bench, { name, proxy }, round) {
  const { many, heartbeats } = bench.plan.idle;
  const before = await proxy.usage();
  const startedAt = performance.now();
  await sleep(name === SUBJECT ? heartbeats.subjectMs : heartbeats.otherMs);
  const { cpuUs } = await proxy.usage();
  const seconds = (performance.now() - startedAt) / 1_000;
  return {
    measure: 'heartbeats',
    setting: `${many.toLocaleString('en')} idle connections`,
    proxy: name,
    round,
    value: (cpuUs - before.cpuUs) / 1_000 / seconds,
    details: { seconds },
  };
}

/**
 * Waits until memory stands still.
 * @param {import('../proxies/index.mjs').RunningProxy} proxy
 */
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
