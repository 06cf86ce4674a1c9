import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deadlinesOf } from './budget.mjs';

test('gives each part its share of the time that there is', () => {
  assert.deepEqual(deadlinesOf([10, 20, 10], 80), [20, 60, 80]);
});

test('gives parts that need more than the limit what they need', () => {
  assert.deepEqual(deadlinesOf([30, 30], 50), [30, 60]);
});
