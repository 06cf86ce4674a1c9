import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare, verdict } from './compare.mjs';
import { summarize } from './statistics.mjs';

const SETTING = '128 B × 100 connections, 1 in flight';

/**
 * @param {string} proxy
 * @param {readonly number[]} values One a round.
 * @returns {import('./compare.mjs').Sample[]}
 */
const samplesOf = (proxy, values) =>
  values.map((value, round) => ({ measure: 'cpu', setting: SETTING, proxy, round, value }));

/** @param {readonly number[]} values */
const ratio = (values) => summarize(values);
const eight = (/** @type {number} */ value) => Array.from({ length: 8 }, () => value);

test('takes the ratio of each round, so that a slow round of both changes nothing', () => {
  const samples = [...samplesOf('wsfw', [10, 100, 10]), ...samplesOf('bare', [10, 100, 10])];
  const [comparison] = compare(samples);
  assert.deepEqual(comparison?.ratio.interval, [1, 1]);
});

test('leaves out rounds that only one of the two has', () => {
  const samples = [...samplesOf('wsfw', [10, 20]), ...samplesOf('bare', [10])];
  assert.equal(compare(samples)[0]?.ratio.count, 1);
});

test('compares wsfw with each other proxy, and each with the bare relay', () => {
  const samples = ['wsfw', 'bare', 'nginx'].flatMap((proxy) => samplesOf(proxy, [1]));
  assert.deepEqual(
    compare(samples).map(({ proxy, against }) => `${proxy} to ${against}`),
    ['wsfw to bare', 'wsfw to nginx', 'nginx to bare'],
  );
});

test('has a verdict only where there is a target', () => {
  const samples = ['wsfw', 'bare', 'bare-again'].flatMap((proxy) => samplesOf(proxy, eight(1)));
  assert.deepEqual(
    compare(samples).map(({ against, atMost, met }) => [against, atMost, met]),
    [
      ['bare', 1.1, true],
      ['bare-again', null, null],
      ['bare', null, null],
    ],
  );
});

test('calls a target met when the median meets it and the interval is narrower than ±5 %', () => {
  assert.deepEqual(verdict(ratio(eight(1)), 1.1), { atMost: 1.1, met: true, sure: true });
});

test('is not sure of a median that meets the target when the interval is wide, even if all of it does', () => {
  const wide = ratio([0.8, 0.82, 0.9, 1, 1, 1.1, 1.18, 1.2]);
  assert.deepEqual(verdict(wide, 1.1), { atMost: 1.1, met: true, sure: false });
  assert.deepEqual(verdict(wide, 2), { atMost: 2, met: true, sure: false });
});

test('is sure of a miss when the interval is narrow, or when all of it misses', () => {
  assert.deepEqual(verdict(ratio(eight(1.2)), 1.1), { atMost: 1.1, met: false, sure: true });
  const wide = ratio([1.2, 1.3, 1.4, 1.5, 1.6, 1.7]);
  assert.deepEqual(verdict(wide, 1.1), { atMost: 1.1, met: false, sure: true });
  assert.deepEqual(verdict(wide, 1.3), { atMost: 1.3, met: false, sure: false });
});

test('is sure of nothing after fewer than six rounds', () => {
  assert.equal(verdict(ratio([1, 1, 1, 1, 1]), 1.1).sure, false);
  assert.equal(verdict(ratio([2, 2, 2, 2, 2]), 1.1).sure, false);
  assert.equal(verdict(ratio([1, 1, 1, 1, 1, 1]), 1.1).sure, true);
});
