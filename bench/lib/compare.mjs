import { MEASURES } from './measures.mjs';
import { halfWidth, summarize } from './statistics.mjs';
import { FLOOR, SUBJECT, targetOf } from './targets.mjs';

/**
 * One reading of one round.
 * @typedef {object} Sample
 * @property {import('./measures.mjs').MeasureName} measure
 * @property {string} setting What was varied, such as `idle`.
 * @property {string} proxy
 * @property {number} round
 * @property {number} value In the measure's unit.
 * @property {Record<string, number>} [details]
 *
 * @typedef {Pick<Sample, 'measure' | 'setting' | 'proxy'>} Group
 *
 * One proxy against another.
 * @typedef {object} Comparison
 * @property {import('./measures.mjs').MeasureName} measure
 * @property {string} setting
 * @property {string} proxy
 * @property {string} against
 * @property {import('./statistics.mjs').Summary} ratio Of the two in each round.
 * @property {number | null} atMost
 * @property {boolean | null} met Whether the median meets the target; `null` without one.
 * @property {boolean} sure Whether the verdict counts.
 */

/** An interval that reaches further than this to both sides of its median is too wide to say that a target is met. */
const SURE_WITHIN = 0.05;

/**
 * wsfw against every other proxy, and every proxy against the bare relay, by the ratio of the two in each round: what
 * slowed the machine in a round slowed both.
 * @param {readonly Sample[]} samples
 * @returns {Comparison[]}
 */
export function compare(samples) {
  const groups = groupsOf(samples).filter(({ measure }) => MEASURES[measure].ratios);
  return groups
    .flatMap((group) => [
      ...(group.proxy === SUBJECT ? [] : [comparisonOf(samples, { ...group, proxy: SUBJECT }, group.proxy)]),
      ...(group.proxy === FLOOR || group.proxy === SUBJECT ? [] : [comparisonOf(samples, group, FLOOR)]),
    ])
    .filter(({ ratio }) => ratio.count > 0);
}

/**
 * @param {readonly Sample[]} samples
 * @param {Group} group
 * @param {string} against
 * @returns {Comparison}
 */
function comparisonOf(samples, group, against) {
  const { measure, setting, proxy } = group;
  const others = new Map(
    samplesOf(samples, { ...group, proxy: against }).map((one) => [one.round, one.value]),
  );
  const ratio = summarize(
    samplesOf(samples, group).flatMap(({ round, value }) => {
      const other = others.get(round);
      return other === undefined ? [] : [value / other];
    }),
  );
  const target = proxy === SUBJECT ? targetOf(measure, setting, against) : undefined;
  return { measure, setting, proxy, against, ratio, ...verdict(ratio, target?.atMost) };
}

/**
 * A target is met when the median meets it and the interval is narrow. It is missed for sure when the median misses it and the
 * interval is narrow, or the whole interval misses it, however wide.
 * @param {import('./statistics.mjs').Summary} ratio
 * @param {number | undefined} atMost
 */
export function verdict(ratio, atMost) {
  if (atMost === undefined) return { atMost: null, met: null, sure: true };
  const met = ratio.median <= atMost;
  const width = halfWidth(ratio);
  const beyond = Number.isFinite(width) && ratio.interval[0] > atMost;
  return { atMost, met, sure: width < SURE_WITHIN || beyond };
}

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
 * @template {Group} T
 * @param {readonly T[]} all
 * @param {Group} group
 */
export function samplesOf(all, group) {
  return all.filter(
    ({ measure, setting, proxy }) =>
      measure === group.measure && setting === group.setting && proxy === group.proxy,
  );
}
