import { summarize } from './statistics.mjs';
import { groupsOf, valuesOf } from './targets.mjs';

const MEASURES = /** @type {Record<string, { title: string, unit: string, rate?: string }>} */ ({
  cpu: { title: 'CPU a message', unit: 'µs', rate: 'messages/s' },
  handshakes: { title: 'CPU a handshake, open and close', unit: 'µs', rate: 'handshakes/s' },
  memory: { title: 'Memory an idle connection', unit: 'KiB' },
});

/**
 * @typedef {object} Results
 * @property {string} measuredAt
 * @property {ReturnType<typeof import('./machine.mjs').describeMachine>} machine
 * @property {import('./settings.mjs').Settings} settings
 * @property {{ name: string, title: string, version: string }[]} proxies
 * @property {import('./targets.mjs').Comparison[]} comparisons
 * @property {import('./targets.mjs').Sample[]} samples
 */

/** @param {Results} results */
export function toMarkdown(results) {
  const { measuredAt, machine, settings, proxies } = results;
  return [
    '# Latest benchmark',
    '',
    `Measured ${measuredAt.slice(0, 16).replace('T', ' ')} UTC with \`npm run bench${settings.quick ? ' -- --quick' : ''}\`.`,
    `How, and how to read it: [the benchmark's README](../README.md).`,
    '',
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}; load ${machine.loadBefore} before`,
    `- Node ${machine.node}, V8 ${machine.v8}${machine.commit === null ? '' : `; commit ${machine.commit}`}`,
    ...proxies.map(({ name, title, version }) => `- \`${name}\`: ${title}, ${version}`),
    '',
    ...results.settings.measures.flatMap((measure) => sectionOf(measure, results)),
  ].join('\n');
}

/**
 * @param {string} measure
 * @param {Results} results
 */
function sectionOf(measure, results) {
  const { title, unit, rate } = MEASURES[measure] ?? { title: measure, unit: '', rate: undefined };
  const rows = rowsOf(measure, results);
  return [
    `## ${title}`,
    '',
    `| | proxy | ${unit} (quartiles) | to \`bare\` (quartiles) | 95 % interval | target |${rate ? ` ${rate} | proxy, load, echo cores |` : ''}`,
    `|---|---|---:|---:|---:|---|${rate ? '---:|---:|' : ''}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '',
  ];
}

/**
 * @param {string} measure
 * @param {Results} results
 * @returns {string[][]}
 */
export function rowsOf(measure, { samples, comparisons }) {
  return groupsOf(samples)
    .filter((group) => group.measure === measure)
    .map((group) => {
      const value = summarize(valuesOf(samples, group).map(([, one]) => one));
      const comparison = comparisons.find(
        (one) => one.measure === measure && one.setting === group.setting && one.proxy === group.proxy,
      );
      return [
        group.setting,
        group.proxy,
        `${value.median.toFixed(2)} (${value.low.toFixed(2)}–${value.high.toFixed(2)})`,
        ...ratioCells(comparison),
        ...(MEASURES[measure]?.rate ? trafficCells(samples, group) : []),
      ];
    });
}

/** @param {import('./targets.mjs').Comparison | undefined} comparison */
function ratioCells(comparison) {
  if (comparison === undefined) return ['1', '', ''];
  const { median, low, high, interval } = comparison.ratio;
  return [
    `${median.toFixed(3)} (${low.toFixed(3)}–${high.toFixed(3)})`,
    `${interval[0].toFixed(3)}–${interval[1].toFixed(3)}`,
    targetCell(comparison),
  ];
}

/** @param {import('./targets.mjs').Comparison} comparison */
export function targetCell({ atMost, met, certain }) {
  if (atMost === null) return '';
  return `≤ ${atMost}: ${met ? 'met' : 'not met'}${certain ? '' : ', but the interval crosses it'}`;
}

/**
 * @param {readonly import('./targets.mjs').Sample[]} samples
 * @param {import('./targets.mjs').Group} group
 */
function trafficCells(samples, group) {
  const mine = samples.filter(
    (one) => one.measure === group.measure && one.setting === group.setting && one.proxy === group.proxy,
  );
  const median = (/** @type {string} */ detail) =>
    summarize(mine.map((one) => one.details?.[detail] ?? 0)).median;
  return [
    Math.round(median(group.measure === 'cpu' ? 'messagesPerSecond' : 'handshakesPerSecond')).toLocaleString(
      'en',
    ),
    ['proxyCores', 'loadCores', 'echoCores'].map((detail) => median(detail).toFixed(2)).join(', '),
  ];
}

/**
 * The same for a terminal.
 * @param {Results} results
 */
export function toText(results) {
  return results.settings.measures
    .flatMap((measure) => {
      const { title, unit, rate } = MEASURES[measure] ?? { title: measure, unit: '', rate: undefined };
      const header = ['', 'proxy', unit, 'to bare', '95 %', 'target', ...(rate ? [rate, 'cores p,l,e'] : [])];
      return ['', title, ...aligned([header, ...rowsOf(measure, results)])];
    })
    .join('\n');
}

/** @param {string[][]} rows */
function aligned(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}
