import { drawBarChart } from './bar-chart.mjs';
import { labelOf, sizeOf } from './cells.mjs';
import { samplesOf } from './compare.mjs';
import { summarize } from './statistics.mjs';
import { FLOOR, SUBJECT } from './targets.mjs';

/**
 * What of a run's results charts need.
 * @typedef {object} Drawable
 * @property {readonly import('./compare.mjs').Sample[]} samples
 * @property {readonly { name: string }[]} proxies
 * @property {string} measuredAt
 * @property {{ cpu: string, cores: number, node: string }} machine
 * @property {{ plan: import('./plan.mjs').Plan }} options
 *
 * @typedef {object} PanelPlan
 * @property {string} title
 * @property {import('./measures.mjs').MeasureName} measure
 * @property {string} setting
 * @property {number} digits
 * @property {string} [detail] Shown instead of the value.
 */

const AT_100 = [1, 8].map((depth) => ({ connections: 100, depth }));
const small = AT_100.map((rest) => labelOf({ size: 128, ...rest }));
const large = AT_100.map((rest) => labelOf({ size: 65_536, ...rest }));
const [ONE = '', EIGHT = ''] = small;
const [, LARGE_EIGHT = ''] = large;

/**
 * @typedef {object} ChartPlan
 * @property {string} file
 * @property {string} title
 * @property {(plan: import('./plan.mjs').Plan) => string} subtitle
 * @property {readonly PanelPlan[]} panels
 */

/** @type {readonly ChartPlan[]} */
const CHARTS = [
  {
    file: 'cpu.svg',
    title: 'CPU a message',
    subtitle: () =>
      'User and system time of all the proxy’s processes, over messages echoed. Less is better.',
    panels: [
      {
        title: '128 B, 1 in flight on each of 100 connections (µs)',
        measure: 'cpu',
        setting: ONE,
        digits: 1,
      },
      { title: '128 B, 8 in flight (µs)', measure: 'cpu', setting: EIGHT, digits: 2 },
      { title: '64 KiB, 8 in flight (µs)', measure: 'cpu', setting: LARGE_EIGHT, digits: 0 },
    ],
  },
  {
    file: 'throughput.svg',
    title: 'Throughput',
    subtitle: () => 'Upstream and load generator share the machine with the proxy. More is better.',
    panels: [
      {
        title: '128 B, 1 in flight on each of 100 connections (messages/s)',
        measure: 'throughput',
        setting: ONE,
        digits: 0,
      },
      { title: '128 B, 8 in flight (messages/s)', measure: 'throughput', setting: EIGHT, digits: 0 },
      {
        title: '64 KiB, 8 in flight (MB/s of payload each way)',
        measure: 'throughput',
        setting: LARGE_EIGHT,
        detail: 'megabytesPerSecond',
        digits: 0,
      },
    ],
  },
  {
    file: 'latency.svg',
    title: 'Latency added',
    subtitle: ({ paced: { rate, connections, size } }) =>
      `More than that of a direct connection, at ${rate.toLocaleString('en')} messages/s of ${sizeOf(size)} on ${connections} connections. Less is better.`,
    panels: [
      { title: 'p50 (µs)', measure: 'latency', setting: 'p50', digits: 0 },
      { title: 'p99 (µs)', measure: 'latency', setting: 'p99', digits: 0 },
      { title: 'p99.9 (µs)', measure: 'latency', setting: 'p99.9', digits: 0 },
    ],
  },
  {
    file: 'handshakes.svg',
    title: 'Handshakes',
    subtitle: ({ handshakes: { concurrency } }) => `Connections that open and close, ${concurrency} at once.`,
    panels: [
      {
        title: 'CPU a handshake (µs; less is better)',
        measure: 'handshakes',
        setting: '32 at once',
        digits: 0,
      },
      {
        title: 'Handshakes a second, upstream and load generator on the same machine (more is better)',
        measure: 'handshakes',
        setting: '32 at once',
        detail: 'handshakesPerSecond',
        digits: 0,
      },
    ],
  },
  {
    file: 'memory.svg',
    title: 'Memory a connection',
    subtitle: ({ idle: { few, many } }) =>
      `Growth of resident memory from ${few.toLocaleString('en')} to ${many.toLocaleString('en')} connections. Less is better.`,
    panels: [
      { title: 'Idle (KiB)', measure: 'memory', setting: 'idle', digits: 1 },
      { title: 'After traffic (KiB)', measure: 'memory', setting: 'after traffic', digits: 1 },
    ],
  },
];

/**
 * Those for which there is something to draw.
 * @param {Drawable} results
 * @returns {{ file: string, svg: string }[]}
 */
export function drawCharts(results) {
  return CHARTS.flatMap(({ file, title, subtitle, panels }) => {
    const drawn = panels.map((panel) => panelOf(results, panel)).filter(({ bars }) => bars.length > 0);
    if (drawn.length === 0) return [];
    const chart = {
      title,
      subtitle: subtitle(results.options.plan),
      panels: drawn,
      footer: footerOf(results),
    };
    return [{ file, svg: drawBarChart(chart) }];
  });
}

/** @param {Drawable} results */
function footerOf({ machine, measuredAt }) {
  return `Medians of rounds with 95 % intervals. ${machine.cpu}, ${machine.cores} cores, Node ${machine.node.slice(1)}, ${measuredAt.slice(0, 10)}.`;
}

/**
 * @param {Drawable} results
 * @param {PanelPlan} plan
 * @returns {import('./bar-chart.mjs').Panel}
 */
function panelOf({ samples, proxies }, { title, measure, setting, detail, digits }) {
  const bars = proxies.flatMap(({ name: proxy }) => {
    const values = samplesOf(samples, { measure, setting, proxy }).map(({ value, details }) =>
      detail === undefined ? value : (details?.[detail] ?? Number.NaN),
    );
    if (values.length === 0) return [];
    const { median, interval } = summarize(values);
    const text = median.toLocaleString('en', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    return [{ label: proxy, value: median, interval, kind: kindOf(proxy), text }];
  });
  return { title, bars };
}

/**
 * @param {string} proxy
 * @returns {import('./bar-chart.mjs').Bar['kind']}
 */
function kindOf(proxy) {
  if (proxy === SUBJECT) return 'subject';
  return proxy.startsWith(FLOOR) ? 'floor' : 'other';
}
