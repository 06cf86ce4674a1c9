import { summarize } from './statistics.mjs';

/**
 * One reading: what a proxy used for one unit in one round.
 * @typedef {object} Sample
 * @property {string} measure `cpu`, `handshakes` or `memory`.
 * @property {string} setting What was varied, such as `1 in flight`.
 * @property {string} proxy
 * @property {number} round
 * @property {number} value In the measure's unit: lower is better.
 * @property {Record<string, number>} [details]
 *
 * @typedef {{ measure: string, against: string, atMost: number }} Target
 *
 * @typedef {object} Comparison
 * @property {string} measure
 * @property {string} setting
 * @property {string} proxy
 * @property {string} against
 * @property {import('./statistics.mjs').Summary} ratio
 * @property {number | null} atMost
 * @property {boolean | null} met
 * @property {boolean} certain Whether the whole interval lies on one side of the target.
 */

const SUBJECT = 'wsfw';
const FLOOR = 'bare';

/** @type {readonly Target[]} */
const TARGETS = [
  { measure: 'cpu', against: FLOOR, atMost: 1.15 },
  { measure: 'handshakes', against: FLOOR, atMost: 1.3 },
  { measure: 'memory', against: FLOOR, atMost: 1.25 },
];

/**
 * Every proxy against the bare relay, by the ratio of the two in each round: what slowed the machine in a round
 * slowed both.
 * @param {readonly Sample[]} samples
 * @returns {Comparison[]}
 */
export function compare(samples) {
  return groupsOf(samples)
    .filter(({ proxy }) => proxy !== FLOOR)
    .map((group) => ({ ...group, ratios: ratiosToFloor(samples, group) }))
    .filter(({ ratios }) => ratios.length > 0)
    .map(({ measure, setting, proxy, ratios }) => {
      const ratio = summarize(ratios);
      const target = TARGETS.find(
        (one) => proxy === SUBJECT && one.measure === measure && one.against === FLOOR,
      );
      return { measure, setting, proxy, against: FLOOR, ratio, ...verdict(ratio, target) };
    });
}

/**
 * @param {import('./statistics.mjs').Summary} ratio
 * @param {Target | undefined} target
 */
function verdict(ratio, target) {
  if (target === undefined) return { atMost: null, met: null, certain: true };
  const met = ratio.median <= target.atMost;
  const [low, high] = ratio.interval;
  return { atMost: target.atMost, met, certain: met ? high <= target.atMost : low > target.atMost };
}

/**
 * @param {readonly Sample[]} samples
 * @param {Group} group
 */
function ratiosToFloor(samples, group) {
  const floor = new Map(valuesOf(samples, { ...group, proxy: FLOOR }));
  return valuesOf(samples, group).flatMap(([round, value]) => {
    const other = floor.get(round);
    return other === undefined ? [] : [value / other];
  });
}

/** @typedef {{ measure: string, setting: string, proxy: string }} Group */

/**
 * The distinct combinations, in the order of their first sample.
 * @param {readonly Sample[]} samples
 * @returns {Group[]}
 */
export function groupsOf(samples) {
  /** @type {Map<string, Group>} */
  const groups = new Map();
  for (const { measure, setting, proxy } of samples) {
    const key = JSON.stringify([measure, setting, proxy]);
    if (!groups.has(key)) groups.set(key, { measure, setting, proxy });
  }
  return [...groups.values()];
}

/**
 * @param {readonly Sample[]} samples
 * @param {Group} group
 * @returns {[round: number, value: number][]}
 */
export function valuesOf(samples, group) {
  return samples
    .filter(
      ({ measure, setting, proxy }) =>
        measure === group.measure && setting === group.setting && proxy === group.proxy,
    )
    .map(({ round, value }) => [round, value]);
}
