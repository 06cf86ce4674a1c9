import { tablesOf } from './tables.mjs';

/** Columns of words, beside the first. All others hold figures. */
const TEXT_COLUMNS = ['proxy', 'measure', 'verdict'];

/**
 * Everything that a run found out.
 * @typedef {object} Results
 * @property {string} measuredAt
 * @property {number} tookSeconds
 * @property {ReturnType<typeof import('./machine.mjs').describeMachine>} machine
 * @property {Omit<import('./options.mjs').Options, 'out'>} options
 * @property {{ name: string, title: string, version: string }[]} proxies
 * @property {readonly string[]} leftOut What was not measured, and why.
 * @property {readonly import('../measures/bench.mjs').Problem[]} problems
 * @property {import('./compare.mjs').Comparison[]} comparisons
 * @property {import('./compare.mjs').Sample[]} samples
 */

/** @param {Results} results */
export function toMarkdown(results) {
  const { measuredAt, tookSeconds, machine, options, proxies } = results;
  return [
    '# Latest benchmark',
    '',
    `Measured ${measuredAt.slice(0, 16).replace('T', ' ')} UTC with \`${options.command}\` in ${(tookSeconds / 60).toFixed(1)} minutes.`,
    `How, and how to read it: [the benchmark's README](../README.md).`,
    '',
    `- Machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}; load ${machine.loadBefore} before`,
    `- Node ${machine.node}, V8 ${machine.v8}${machine.commit === null ? '' : `; commit ${machine.commit}`}`,
    ...proxies.map(({ name, title, version }) => `- \`${name}\`: ${title}, ${version}`),
    ...remarksOf(results).map((remark) => `- ${remark}`),
    '',
    ...tablesOf(results).flatMap(markdownOf),
  ].join('\n');
}

/**
 * For a terminal.
 * @param {Results} results
 */
export function toText(results) {
  const tables = tablesOf(results).flatMap(({ title, note, header, rows }) => [
    '',
    title,
    ...(note === '' ? [] : [note]),
    ...aligned([header, ...rows]),
  ]);
  const remarks = remarksOf(results);
  return [...tables, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n');
}

/**
 * As JSON that can be read and compared: a line for each sample.
 * @param {Results} results
 */
export function toJson({ samples, ...rest }) {
  const head = JSON.stringify(rest, rounded, 2).slice(0, -2);
  const lines = samples.map((sample) => `    ${JSON.stringify(sample, rounded)}`);
  return `${head},\n  "samples": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

/**
 * @param {string} _key
 * @param {unknown} value
 */
function rounded(_key, value) {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}

/** @param {Results} results */
function remarksOf({ leftOut, problems }) {
  return [
    ...leftOut.map((what) => `Not measured: ${what}`),
    ...problems.map(
      ({ measure, proxy, message }) => `Failed in "${measure}": ${proxy}. ${message.split('\n', 1)[0]}`,
    ),
  ];
}

/** @param {import('./tables.mjs').Table} table */
function markdownOf({ title, note, header, rows }) {
  return [
    `## ${title}`,
    '',
    ...(note === '' ? [] : [note, '']),
    `| ${header.join(' | ')} |`,
    `|${header.map((title, index) => (isText(title, index) ? '---|' : '---:|')).join('')}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '',
  ];
}

/** @param {readonly (readonly string[])[]} rows */
function aligned(rows) {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    `  ${row
      .map((cell, column) =>
        isText(rows[0]?.[column] ?? '', column)
          ? cell.padEnd(widths[column] ?? 0)
          : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')}`.trimEnd(),
  );
}

/**
 * Words stand left, figures right.
 * @param {string} title Of the column.
 * @param {number} column
 */
function isText(title, column) {
  return column === 0 || TEXT_COLUMNS.includes(title);
}
