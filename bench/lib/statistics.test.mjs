import assert from 'node:assert/strict';
import { test } from 'node:test';
import { halfWidth, medianInterval, quantile, summarize } from './statistics.mjs';

/** @param {number} n */
const upTo = (n) => Array.from({ length: n }, (_, index) => index + 1);

test('takes the middle value, or the mean of the two middle ones, as the median', () => {
  assert.equal(quantile([1, 2, 10], 0.5), 2);
  assert.equal(quantile([1, 2, 4, 10], 0.5), 3);
});

test('does not care in which order the rounds came', () => {
  assert.deepEqual(summarize([3, 1, 2]), summarize([1, 2, 3]));
});

// Ranks from the tables of the sign test at 95 %.
for (const [n, low, high] of [
  [5, 1, 5],
  [6, 1, 6],
  [8, 1, 8],
  [9, 2, 8],
  [12, 3, 10],
  [15, 4, 12],
  [20, 6, 15],
]) {
  test(`bounds the median of ${n} values by ranks ${low} and ${high}`, () => {
    assert.deepEqual(medianInterval(upTo(Number(n))), [low, high]);
  });
}

test('knows the half width of an interval as a share of the median, from six rounds on', () => {
  const summary = { ...summarize(upTo(6)), median: 10, interval: /** @type {[number, number]} */ ([9, 11]) };
  assert.equal(halfWidth(summary), 0.1);
  assert.equal(halfWidth({ ...summary, count: 5 }), Number.POSITIVE_INFINITY);
});
