import { KINDS } from './frames.mjs';
import { selfByKind } from './stack-tree.mjs';

/** @typedef {import('./stack-tree.mjs').Node} Node */

const WIDTH = 1200;
const MARGIN = 10;
const ROW = 17;
const HEAD = 76;
const CHARACTER = 6.1;
/** What is narrower is left out: nobody could point at it, and there is much of it. */
const MIN_WIDTH = 1.2;

const COLOURS = {
  kernel: '#e8a15c',
  native: '#e5cf6b',
  node: '#8fc48a',
  wsfw: '#6fa8dc',
  script: '#b7a3d9',
  none: '#d5d5d5',
};

/**
 * A flame graph as SVG that needs no script: the width of a box is how often its function was on the stack, what it
 * called stands on top of it, and pointing at a box shows its name and share.
 * @param {Node} root
 * @param {{ title: string, subtitle: string }} words
 * @returns {string}
 */
export function drawFlameGraph(root, { title, subtitle }) {
  const perSample = (WIDTH - 2 * MARGIN) / root.total;
  const rows = depthOf(root, perSample);
  const height = HEAD + rows * ROW + MARGIN;
  /** @type {string[]} */
  const boxes = [];
  drawNode(root, MARGIN, height - MARGIN - ROW, perSample, root.total, boxes);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escapeXml(title)}</title>
<style>
text { font: 11px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #222; }
.title { font: bold 16px system-ui, "DejaVu Sans", sans-serif; }
.words { font: 12px system-ui, "DejaVu Sans", sans-serif; fill: #555; }
g:hover > rect { stroke: #222; }
${Object.entries(COLOURS)
  .map(([kind, colour]) => `.${kind} { fill: ${colour}; }`)
  .join('\n')}
</style>
<rect width="100%" height="100%" fill="#fff"/>
<text class="title" x="${MARGIN}" y="24">${escapeXml(title)}</text>
<text class="words" x="${MARGIN}" y="43">${escapeXml(subtitle)}</text>
${legend(root)}
${boxes.join('\n')}
</svg>
`;
}

/**
 * @param {Node} node
 * @param {number} perSample
 * @returns {number}
 */
function depthOf(node, perSample) {
  if (node.total * perSample < MIN_WIDTH) return 0;
  return 1 + Math.max(0, ...[...node.children.values()].map((child) => depthOf(child, perSample)));
}

/**
 * @param {Node} node
 * @param {number} x
 * @param {number} y
 * @param {number} perSample
 * @param {number} all Samples of the whole graph.
 * @param {string[]} boxes
 */
function drawNode(node, x, y, perSample, all, boxes) {
  const width = node.total * perSample;
  if (width < MIN_WIDTH) return;
  const room = Math.floor((width - 6) / CHARACTER);
  const text = node.name.length <= room ? node.name : room >= 4 ? `${node.name.slice(0, room - 1)}…` : '';
  boxes.push(
    `<g><title>${escapeXml(node.name)}: ${share(node.total, all)}${node.self > 0 ? `, itself ${share(node.self, all)}` : ''}</title>` +
      `<rect class="${node.kind}" x="${short(x)}" y="${y}" width="${short(Math.max(width - 0.5, 0.7))}" height="${ROW - 1}" rx="1"/>` +
      `${text === '' ? '' : `<text x="${short(x + 3)}" y="${y + 12}">${escapeXml(text)}</text>`}</g>`,
  );
  let childX = x;
  // Always in the same order, so that two graphs can be compared by eye.
  for (const child of [...node.children.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    drawNode(child, childX, y - ROW, perSample, all, boxes);
    childX += child.total * perSample;
  }
}

/** @param {Node} root */
function legend(root) {
  const sums = selfByKind(root);
  let x = MARGIN;
  return Object.entries(KINDS)
    .flatMap(([kind, words]) => {
      const sum = sums[/** @type {import('./frames.mjs').Kind} */ (kind)] ?? 0;
      if (sum === 0 || kind === 'none') return [];
      const text = `${words} ${share(sum, root.total)}`;
      const item = `<rect class="${kind}" x="${x}" y="53" width="12" height="12" rx="1"/><text class="words" x="${x + 17}" y="63">${escapeXml(text)}</text>`;
      x += 34 + text.length * 6.6;
      return [item];
    })
    .join('');
}

const share = (/** @type {number} */ part, /** @type {number} */ all) =>
  `${((part / all) * 100).toFixed(part / all < 0.1 ? 2 : 1)} %`;

const short = (/** @type {number} */ value) => String(Math.round(value * 10) / 10);

const escapeXml = (/** @type {string} */ text) =>
  text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
