import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawBarChart } from './bar-chart.mjs';
import { drawCharts } from './charts.mjs';
import { FULL } from './plan.mjs';

/** @param {Partial<import('./bar-chart.mjs').Bar>} bar */
const barOf = (bar) => ({
  label: 'wsfw',
  text: '2',
  value: 2,
  interval: /** @type {const} */ ([1, 3]),
  kind: /** @type {const} */ ('subject'),
  ...bar,
});

/** @param {readonly import('./bar-chart.mjs').Bar[]} bars */
const draw = (bars) =>
  drawBarChart({ title: 'T', subtitle: 'S', footer: 'F', panels: [{ title: 'µs', bars }] });

/**
 * @param {string} svg
 * @param {string} kind
 */
const widthOf = (svg, kind) =>
  Number(new RegExp(`class="${kind}" x="[\\d.]+" y="[\\d.]+" width="([\\d.]+)"`).exec(svg)?.[1]);

test('draws bars in proportion to their values', () => {
  const svg = draw([barOf({}), barOf({ label: 'bare', kind: 'floor', value: 1, interval: [1, 1] })]);
  assert.ok(Math.abs(widthOf(svg, 'subject') / widthOf(svg, 'floor') - 2) < 0.01);
});

test('draws no bar for what is below nothing, and nothing outside of the picture', () => {
  const svg = draw([barOf({ value: -5, interval: [-9, 0] })]);
  assert.equal(widthOf(svg, 'subject'), 0);
  assert.doesNotMatch(svg, /="-|NaN|Infinity/);
});

test('needs nothing from elsewhere, and has colours for dark pages', () => {
  const svg = draw([barOf({})]);
  assert.doesNotMatch(svg, /url\(|href|@import|<script/);
  assert.match(svg, /prefers-color-scheme: dark/);
});

test('takes names for text', () => {
  assert.match(draw([barOf({ label: '<a&b>' })]), /&#60;a&#38;b&#62;/);
});

test('draws only charts for which something was measured, proxies in the order of the results', () => {
  const proxies = ['wsfw', 'bare'].map((name) => ({ name, title: name, version: '1' }));
  /** @type {import('./compare.mjs').Sample[]} */
  const samples = ['bare', 'wsfw'].map((proxy) => ({
    measure: 'memory',
    setting: 'idle',
    proxy,
    round: 0,
    value: 3,
  }));
  const charts = drawCharts({
    samples,
    proxies,
    measuredAt: '2026-01-02T03:04:05Z',
    machine: { cpu: 'C', cores: 2, node: 'v20.0.0' },
    options: { plan: FULL },
  });
  assert.deepEqual(
    charts.map(({ file }) => file),
    ['memory.svg'],
  );
  const [{ svg } = { svg: '' }] = charts;
  assert.ok(svg.indexOf('>wsfw<') < svg.indexOf('>bare<'));
  assert.ok(
    svg.includes('from 1,000 to 8,000') && svg.includes('2026-01-02') && !svg.includes('After traffic'),
  );
});
