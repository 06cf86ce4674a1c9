import { combinations, isSame } from './cells.mjs';

/**
 * How often and how long everything is measured.
 * @typedef {object} Plan
 * @property {{ stages: readonly TrafficStage[] }} traffic
 * @property {Rounds & { size: number, connections: number, rate: number, warmupMs: number, windowMs: number }} paced
 * @property {Rounds & { concurrency: number, warmupMs: number, windowMs: number }} handshakes
 * @property {IdlePlan} idle
 * @property {TrafficStage} tls
 * @property {FloodPlan} flood
 *
 * @typedef {object} Rounds
 * @property {number} rounds
 * @property {number} roundsEach Rounds after which all proxies are started anew.
 * @property {readonly string[]} without Proxies that take no part.
 *
 * @typedef {Rounds & Windows & { cells: readonly import('./cells.mjs').Cell[] }} TrafficStage
 *
 * @typedef {object} Windows
 * @property {number} warmupMs Once a generation of processes and cell, so that its code is compiled.
 * @property {number} rampMs Before each measured window, unmeasured.
 * @property {number} windowMs
 *
 * @typedef {object} IdlePlan
 * @property {number} few Idle connections at the first reading.
 * @property {number} many Idle connections at the others.
 * @property {number} rounds
 * @property {number} trafficRounds The first so many rounds are also read after traffic.
 * @property {readonly string[]} without
 * @property {number} churns How often `few` connections come and go before the first reading.
 * @property {number} size Of the messages before the readings that follow traffic.
 * @property {number} trafficMs
 * @property {{ rounds: number, subjectMs: number, otherMs: number }} heartbeats How often and how long CPU is watched: of
 *   wsfw for the 10 s in which it pings each end of each connection once, of those who only wait for less.
 * @property {readonly string[]} nodeFlags
 * @property {Record<string, string>} env
 *
 * @typedef {object} FloodPlan
 * @property {number} bytes
 * @property {number} rounds
 * @property {readonly string[]} without
 * @property {number} stillMs How long the flood has to stand still to be over.
 * @property {number} atMostMs
 */

const ALL = combinations({ sizes: [128, 1_024, 16_384, 65_536], connections: [100, 1_000], depths: [1, 8] });
/** Where the targets for CPU are. */
const SMALL = combinations({ sizes: [128], connections: [100], depths: [1, 8] });
const LARGE = combinations({ sizes: [65_536], connections: [100], depths: [1, 8] });
const REST = ALL.filter((cell) => ![...SMALL, ...LARGE].some((other) => isSame(cell, other)));
/** The second bare relay shows the noise where the verdicts are. Elsewhere its time is better spent on others. */
const TWIN = ['bare-again'];
/** http-proxy is what http-proxy-3 was made from. Where there is no target, the one stands for both. */
const TWINS = [...TWIN, 'http-proxy'];

/** @type {IdlePlan} */
const IDLE = {
  few: 1_000,
  many: 8_000,
  rounds: 6,
  trafficRounds: 2,
  without: TWIN,
  churns: 1,
  size: 128,
  trafficMs: 700,
  heartbeats: { rounds: 2, subjectMs: 10_000, otherMs: 2_500 },
  // A young generation of one fixed size, since it grows by megabytes whenever V8 sees fit; and no half-empty
  // pages, in which new connections would cost nothing.
  nodeFlags: ['--min-semi-space-size=1', '--max-semi-space-size=1', '--compact-on-every-full-gc'],
  // glibc gives back what the compiler's threads have freed, instead of keeping some megabytes or not.
  env: { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '65536' },
};

const WINDOWS = { warmupMs: 500, rampMs: 40, windowMs: 220 };

/** @type {Plan} */
export const FULL = {
  traffic: {
    stages: [
      { cells: SMALL, rounds: 36, roundsEach: 12, without: [], ...WINDOWS },
      { cells: LARGE, rounds: 8, roundsEach: 4, without: TWINS, ...WINDOWS },
      { cells: REST, rounds: 3, roundsEach: 3, without: TWINS, warmupMs: 250, rampMs: 40, windowMs: 150 },
    ],
  },
  paced: {
    size: 128,
    connections: 100,
    rate: 5_000,
    rounds: 6,
    roundsEach: 3,
    without: TWINS,
    warmupMs: 1_000,
    windowMs: 1_200,
  },
  handshakes: { concurrency: 32, rounds: 24, roundsEach: 12, without: [], warmupMs: 1_500, windowMs: 300 },
  idle: IDLE,
  tls: { cells: SMALL, rounds: 6, roundsEach: 3, without: TWINS, ...WINDOWS },
  flood: { bytes: 2 ** 30, rounds: 1, without: TWIN, stillMs: 1_000, atMostMs: 10_000 },
};

/** @type {Plan} */
export const QUICK = {
  traffic: {
    stages: [
      { cells: SMALL, rounds: 16, roundsEach: 8, without: [], ...WINDOWS },
      { cells: LARGE, rounds: 6, roundsEach: 6, without: [], ...WINDOWS },
    ],
  },
  paced: { ...FULL.paced, rounds: 3 },
  handshakes: { ...FULL.handshakes, rounds: 14, roundsEach: 7 },
  idle: { ...IDLE, rounds: 2, trafficRounds: 1, heartbeats: { ...IDLE.heartbeats, rounds: 1 } },
  tls: { ...FULL.tls, rounds: 3 },
  flood: FULL.flood,
};

const BRIEF = { rounds: 1, roundsEach: 1, without: [], warmupMs: 100, rampMs: 20, windowMs: 100 };

/**
 * Everything once: shows that the benchmark works, and nothing about proxies.
 * @type {Plan}
 */
export const TINY = {
  traffic: { stages: [{ ...BRIEF, cells: ALL.filter(({ connections }) => connections === 100) }] },
  paced: { ...FULL.paced, ...BRIEF },
  handshakes: { ...BRIEF, concurrency: 8 },
  idle: {
    ...IDLE,
    few: 50,
    many: 200,
    rounds: 1,
    trafficMs: 100,
    heartbeats: { rounds: 1, subjectMs: 500, otherMs: 500 },
  },
  tls: { ...BRIEF, cells: SMALL },
  flood: { ...FULL.flood, bytes: 2 ** 26, stillMs: 300 },
};

/**
 * @typedef {object} Narrowing What the user wants less of.
 * @property {number} [rounds]
 * @property {readonly number[]} [sizes]
 * @property {readonly number[]} [connections]
 * @property {readonly number[]} [depths]
 */

/**
 * @param {Plan} plan
 * @param {Narrowing} to
 * @returns {Plan}
 */
export function narrow(plan, { rounds, sizes, connections, depths }) {
  const set = rounds === undefined ? {} : { rounds };
  /** @param {TrafficStage} stage */
  const stageOf = (stage) => ({
    ...stage,
    ...set,
    cells: stage.cells.filter(
      (cell) =>
        (sizes?.includes(cell.size) ?? true) &&
        (connections?.includes(cell.connections) ?? true) &&
        (depths?.includes(cell.depth) ?? true),
    ),
  });
  return {
    traffic: { stages: plan.traffic.stages.map(stageOf).filter(({ cells }) => cells.length > 0) },
    paced: { ...plan.paced, ...set },
    handshakes: { ...plan.handshakes, ...set },
    idle: { ...plan.idle, ...set },
    tls: stageOf(plan.tls),
    flood: { ...plan.flood, ...set },
  };
}
