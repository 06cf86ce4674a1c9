import { groupsOf, samplesOf } from './compare.mjs';
import { MEASURES } from './measures.mjs';
import { halfWidth, summarize } from './statistics.mjs';
import { FLOOR, isAimedAt, SUBJECT } from './targets.mjs';

/**
 * @typedef {import('./report.mjs').Results} Results
 * @typedef {import('./measures.mjs').MeasureName} MeasureName
 *
 * Texts in rows, for the terminal and for Markdown alike.
 * @typedef {object} Table
 * @property {string} title
 * @property {string} note
 * @property {readonly string[]} header The first two columns are words, the others figures.
 * @property {readonly (readonly string[])[]} rows
 */

/**
 * @param {Results} results
 * @returns {Table[]}
 */
export function tablesOf(results) {
  const measures = results.options.measures.filter((name) =>
    results.samples.some((one) => one.measure === name),
  );
  return [
    targetTable(results),
    ...measures.flatMap((measure) => [detailTable(measure, results), ...matrixTables(measure, results)]),
  ].filter(({ rows }) => rows.length > 0);
}

/**
 * @param {Results} results
 * @returns {Table}
 */
function targetTable({ comparisons }) {
  return {
    title: 'Targets: wsfw against the others',
    note: 'Ratios of the same round; below 1, wsfw uses less. A target counts as met when the median meets it and the 95 % interval is narrower than ±5 %.',
    header: ['against', 'measure', 'ratio', '95 % interval', 'rounds', 'at most', 'verdict'],
    rows: comparisons
      .filter(({ atMost }) => atMost !== null)
      .sort((a, b) => a.against.localeCompare(b.against))
      .map((comparison) => [
        comparison.against,
        `${MEASURES[comparison.measure].title}: ${comparison.setting}`,
        comparison.ratio.median.toFixed(3),
        intervalOf(comparison.ratio),
        String(comparison.ratio.count),
        String(comparison.atMost),
        verdictOf(comparison),
      ]),
  };
}

/** @param {import('./compare.mjs').Comparison} comparison */
export function verdictOf({ ratio, met, sure }) {
  if (sure) return met ? 'met' : 'missed';
  const width = halfWidth(ratio);
  const why = Number.isFinite(width) ? `±${(width * 100).toFixed(1)} %` : 'too few rounds';
  return `not sure (${met ? 'below' : 'above'}, ${why})`;
}

/**
 * A row for each setting that deserves one, and each proxy.
 * @param {MeasureName} measure
 * @param {Results} results
 * @returns {Table}
 */
function detailTable(measure, results) {
  const { title, unit, ratios, columns } = MEASURES[measure];
  const groups = bySetting(
    groupsOf(results.samples).filter((group) => group.measure === measure && hasRow(group)),
  );
  return {
    title,
    note: '',
    header: [
      'setting',
      'proxy',
      `${unit} (quartiles)`,
      ...(ratios ? [`to ${FLOOR} (95 %)`, `${SUBJECT} to it (95 %)`] : []),
      ...columns.map((column) => column.title),
    ],
    rows: groups.map((group) => {
      const samples = samplesOf(results.samples, group);
      const value = summarize(samples.map((sample) => sample.value));
      return [
        group.setting,
        group.proxy,
        spreadOf(value, MEASURES[measure].digits),
        ...(ratios ? [ratioTo(results, group, FLOOR), ratioOfSubject(results, group)] : []),
        ...columns.map((column) => detailCell(samples, column)),
      ];
    }),
  };
}

/**
 * What belongs to one setting together, wherever it was measured.
 * @param {readonly import('./compare.mjs').Group[]} groups
 */
function bySetting(groups) {
  const settings = [...new Set(groups.map(({ setting }) => setting))];
  return settings.flatMap((setting) => groups.filter((group) => group.setting === setting));
}

/**
 * Settings by the dozen are for the matrix.
 * @param {import('./compare.mjs').Group} group
 */
function hasRow({ measure, setting }) {
  if (measure === 'throughput') return false;
  return measure !== 'cpu' || isAimedAt(measure, setting) || setting.includes('messages/s');
}

/**
 * A row for each setting, a column for each proxy.
 * @param {MeasureName} measure
 * @param {Results} results
 * @returns {Table[]}
 */
function matrixTables(measure, results) {
  if (measure !== 'cpu' && measure !== 'throughput') return [];
  const groups = groupsOf(results.samples).filter((group) => group.measure === measure);
  const settings = [...new Set(groups.map(({ setting }) => setting))];
  const proxies = results.proxies
    .map(({ name }) => name)
    .filter((name) => groups.some(({ proxy }) => proxy === name));
  const cell = (/** @type {string} */ setting, /** @type {string} */ proxy) => {
    const samples = samplesOf(results.samples, { measure, setting, proxy });
    return samples.length === 0 ? '' : matrixCell(measure, samples);
  };
  const { title, unit } = MEASURES[measure];
  return [
    {
      title: `${title}, all settings`,
      note:
        measure === 'cpu' ? `Medians in ${unit}.` : `Medians in ${unit}, and in MB/s of payload each way.`,
      header: ['setting', ...proxies],
      rows: settings.map((setting) => [setting, ...proxies.map((proxy) => cell(setting, proxy))]),
    },
  ];
}

/**
 * @param {MeasureName} measure
 * @param {readonly import('./compare.mjs').Sample[]} samples
 */
function matrixCell(measure, samples) {
  const median = summarize(samples.map(({ value }) => value)).median;
  if (measure === 'cpu') return median.toFixed(median < 100 ? 2 : 0);
  return `${number(median, 0)} (${number(medianOf(samples, 'megabytesPerSecond'), 0)})`;
}

/**
 * @param {Results} results
 * @param {import('./compare.mjs').Group} group
 * @param {string} against
 */
function ratioTo({ comparisons }, { measure, setting, proxy }, against) {
  if (proxy === against) return '1';
  const comparison = comparisons.find(
    (one) =>
      one.measure === measure && one.setting === setting && one.proxy === proxy && one.against === against,
  );
  if (comparison === undefined) return '';
  return `${comparison.ratio.median.toFixed(3)} (${intervalOf(comparison.ratio)})`;
}

/**
 * @param {Results} results
 * @param {import('./compare.mjs').Group} group
 */
function ratioOfSubject(results, group) {
  return ratioTo(results, { ...group, proxy: SUBJECT }, group.proxy);
}

/**
 * @param {readonly import('./compare.mjs').Sample[]} samples
 * @param {import('./measures.mjs').Column} column
 */
function detailCell(samples, { details, digits }) {
  return details.map((detail) => number(medianOf(samples, detail), digits)).join(', ');
}

/**
 * @param {readonly import('./compare.mjs').Sample[]} samples
 * @param {string} detail
 */
function medianOf(samples, detail) {
  return summarize(samples.flatMap(({ details }) => details?.[detail] ?? [])).median;
}

/**
 * @param {import('./statistics.mjs').Summary} summary
 * @param {number} digits
 */
function spreadOf({ median, low, high }, digits) {
  return `${number(median, digits)} (${number(low, digits)}–${number(high, digits)})`;
}

/** @param {import('./statistics.mjs').Summary} summary */
function intervalOf({ interval: [low, high] }) {
  return `${low.toFixed(3)}–${high.toFixed(3)}`;
}

/**
 * @param {number} value
 * @param {number} digits
 */
function number(value, digits) {
  if (Number.isNaN(value)) return '';
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
