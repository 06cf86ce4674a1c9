import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from './compare.mjs';
import { describeMachine } from './machine.mjs';
import { readOptions } from './options.mjs';
import { toJson, toMarkdown, toText } from './report.mjs';

const SETTING = '128 B × 100 connections, 1 in flight';

/** @type {import('./compare.mjs').Sample[]} */
const samples = ['wsfw', 'bare'].flatMap((proxy) =>
  Array.from({ length: 6 }, (_, round) => ({
    measure: /** @type {const} */ ('cpu'),
    setting: SETTING,
    proxy,
    round,
    value: (proxy === 'bare' ? 10 : 12.3456789) + round,
    details: { messagesPerSecond: 50_000.123, proxyCores: 0.9, loadCores: 0.4, echoCores: 0.5 },
  })),
);

function results() {
  const options = readOptions([], 'results');
  assert.ok(options !== null);
  const { out: _, ...shown } = options;
  return {
    measuredAt: '2026-01-02T03:04:05Z',
    tookSeconds: 90,
    machine: describeMachine(),
    options: shown,
    proxies: ['wsfw', 'bare'].map((name) => ({ name, title: `the ${name}`, version: '1' })),
    leftOut: ['caddy, not on this machine'],
    problems: [{ measure: 'Flood', proxy: 'ws', message: 'it broke\nhere' }],
    comparisons: compare(samples),
    samples,
  };
}

test('shows verdicts, figures and what is missing, for people and in Markdown', () => {
  for (const text of [toText(results()), toMarkdown(results())]) {
    assert.match(text, /bare +\|? *CPU a message: 128 B × 100 connections, 1 in flight .* 1\.1 +\|? *missed/);
    assert.match(text, /wsfw .*14\.85 \(13\.60–16\.10\).*50,000.*0\.90, 0\.40, 0\.50/);
    assert.match(text, /Not measured: caddy, not on this machine/);
    assert.match(text, /Failed in "Flood": ws\. it broke/);
  }
});

test('shows no table of what was not measured', () => {
  assert.doesNotMatch(toText(results()), /Memory|handshake|Latency/);
});

test('writes JSON with a line for each sample, and six digits', () => {
  const json = toJson(results());
  assert.equal(json.split('\n').filter((line) => line.includes('"round"')).length, samples.length);
  const read = JSON.parse(json);
  assert.equal(read.samples[0].value, 12.3457);
  assert.equal(read.comparisons.length, 1);
});
