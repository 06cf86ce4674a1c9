import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minusDirect } from './paced.mjs';

/**
 * @param {string} proxy
 * @param {number} round
 * @param {number} value
 * @param {'latency' | 'cpu'} [measure]
 */
const sample = (proxy, round, value, measure = 'latency') => ({
  measure,
  setting: 'p50',
  proxy,
  round,
  value,
});

test('takes from each latency what the direct connection had in the same round', () => {
  const added = minusDirect([
    sample('direct', 0, 100),
    sample('wsfw', 0, 130),
    sample('wsfw', 1, 560),
    sample('direct', 1, 500),
  ]);
  assert.deepEqual(
    added.map(({ proxy, round, value }) => [proxy, round, value]),
    [
      ['wsfw', 0, 30],
      ['wsfw', 1, 60],
    ],
  );
});

test('leaves out a latency that has no direct one beside it, and lets CPU be', () => {
  const added = minusDirect([sample('direct', 0, 1), sample('wsfw', 1, 2), sample('wsfw', 1, 3, 'cpu')]);
  assert.deepEqual(
    added.map(({ measure, value }) => [measure, value]),
    [['cpu', 3]],
  );
});
