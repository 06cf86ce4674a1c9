/**
 * A chart of horizontal bars, as SVG: panels below each other, in each a bar for every proxy. Drawn on a ground of its own, so
 * that it reads the same on any page, and in dark where the reader has it dark.
 *
 * @typedef {object} BarChart
 * @property {string} title
 * @property {string} subtitle
 * @property {readonly Panel[]} panels
 * @property {string} footer
 *
 * @typedef {object} Panel
 * @property {string} title With the unit.
 * @property {readonly Bar[]} bars
 *
 * @typedef {object} Bar
 * @property {string} label
 * @property {string} text The value, for people.
 * @property {number} value
 * @property {readonly [number, number]} interval For the error bar.
 * @property {'subject' | 'floor' | 'other'} kind
 */

const WIDTH = 760;
const MARGIN = 24;
const LABEL_WIDTH = 118;
const TEXT_WIDTH = 86;
const BAR_HEIGHT = 16;
const ROW_HEIGHT = 24;
const PANEL_GAP = 26;
const HEAD_HEIGHT = 72;
const PANEL_HEAD_HEIGHT = 24;
const FOOT_HEIGHT = 40;
const PLOT_LEFT = MARGIN + LABEL_WIDTH;
const PLOT_WIDTH = WIDTH - PLOT_LEFT - TEXT_WIDTH - MARGIN;

const STYLE = `
  text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; font-size: 13px; fill: #1f2328 }
  .ground { fill: #ffffff; stroke: #d8dee4 }
  .title { font-size: 18px; font-weight: 600 }
  .panel { font-weight: 600 }
  .quiet { font-size: 12px; fill: #59636e }
  .subject { fill: #0969da }
  .floor { fill: #8c959f }
  .other { fill: #b6c0cb }
  .strong { font-weight: 600 }
  .error { stroke: #1f2328; stroke-width: 1.25; fill: none }
  .base { stroke: #d8dee4 }
  .value { font-variant-numeric: tabular-nums }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .ground { fill: #0d1117; stroke: #30363d }
    .quiet { fill: #9198a1 }
    .subject { fill: #4493f8 }
    .floor { fill: #7d8590 }
    .other { fill: #484f58 }
    .error { stroke: #e6edf3 }
    .base { stroke: #30363d }
  }`;

/** @param {BarChart} chart */
export function drawBarChart({ title, subtitle, panels, footer }) {
  /** @type {string[]} */
  const parts = [];
  let top = HEAD_HEIGHT;
  for (const panel of panels) {
    parts.push(...drawPanel(panel, top));
    top += heightOf(panel) + PANEL_GAP;
  }
  const height = top - PANEL_GAP + FOOT_HEIGHT;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(`${title}. ${subtitle}`)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    text(MARGIN, 34, title, 'title'),
    text(MARGIN, 54, subtitle, 'quiet'),
    ...parts,
    text(MARGIN, height - 16, footer, 'quiet'),
    '</svg>',
  ].join('\n')}\n`;
}

/** @param {Panel} panel */
function heightOf({ bars }) {
  return PANEL_HEAD_HEIGHT + bars.length * ROW_HEIGHT;
}

/**
 * @param {Panel} panel
 * @param {number} top
 */
function drawPanel({ title, bars }, top) {
  const first = top + PANEL_HEAD_HEIGHT;
  const scale = scaleFor(bars);
  return [
    text(MARGIN, top + 14, title, 'panel'),
    ...bars.flatMap((bar, index) => drawBar(bar, first + index * ROW_HEIGHT, scale)),
    `<path class="base" d="M${PLOT_LEFT} ${first - 2}V${first + bars.length * ROW_HEIGHT - 4}"/>`,
  ];
}

/**
 * From a value to a width. The longest whisker still ends within the plot; what is below nothing has no bar.
 * @param {readonly Bar[]} bars
 */
function scaleFor(bars) {
  const most = Math.max(...bars.flatMap(({ value, interval }) => [value, interval[1]]), Number.MIN_VALUE);
  return (/** @type {number} */ value) => round((Math.max(0, value) / most) * PLOT_WIDTH);
}

/**
 * @param {Bar} bar
 * @param {number} top
 * @param {(value: number) => number} scale
 */
function drawBar({ label, text: value, value: number, interval, kind }, top, scale) {
  const [low, high] = [scale(interval[0]), scale(interval[1])];
  const baseline = top + BAR_HEIGHT - 4;
  const strong = kind === 'subject' ? ' strong' : '';
  return [
    text(PLOT_LEFT - 10, baseline, label, `label${strong}`, 'end'),
    `<rect class="${kind}" x="${PLOT_LEFT}" y="${top}" width="${scale(number)}" height="${BAR_HEIGHT}" rx="2"/>`,
    ...(high > low ? [whisker(PLOT_LEFT + low, PLOT_LEFT + high, top + BAR_HEIGHT / 2)] : []),
    text(round(PLOT_LEFT + Math.max(scale(number), high) + 8), baseline, value, `value${strong}`),
  ];
}

/**
 * @param {number} left
 * @param {number} right
 * @param {number} middle
 */
function whisker(left, right, middle) {
  const [a, b] = [round(left), round(right)];
  return `<path class="error" d="M${a} ${middle}H${b}M${a} ${middle - 4}v8M${b} ${middle - 4}v8"/>`;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} content
 * @param {string} kind
 * @param {'start' | 'end'} [anchor]
 */
function text(x, y, content, kind, anchor = 'start') {
  const end = anchor === 'end' ? ' text-anchor="end"' : '';
  return `<text x="${x}" y="${y}" class="${kind}"${end}>${escaped(content)}</text>`;
}

/** @param {number} value */
function round(value) {
  return Math.round(value * 10) / 10;
}

/** @param {string} content */
function escaped(content) {
  return content.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
