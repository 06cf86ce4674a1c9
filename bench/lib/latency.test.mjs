import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyRecorder } from './latency.mjs';

/** @param {readonly number[]} values */
function recorded(values) {
  const recorder = new LatencyRecorder(values.length);
  for (const value of values) recorder.record(value);
  return recorder;
}

test('gives the latency that so many messages did not exceed', () => {
  const values = Array.from({ length: 1_000 }, (_, index) => index + 1);
  assert.deepEqual(recorded(values).percentiles(), { p50: 500, p99: 990, p999: 999, max: 1_000 });
});

test('does not care in which order messages came back', () => {
  assert.deepEqual(recorded([3, 1, 2]).percentiles(), recorded([1, 2, 3]).percentiles());
});

test('sorts by size, not by digits', () => {
  assert.equal(recorded([100, 9, 20]).percentiles().p50, 20);
});

test('has every percentile in a single message', () => {
  assert.deepEqual(recorded([7]).percentiles(), { p50: 7, p99: 7, p999: 7, max: 7 });
});

test('forgets none in silence', () => {
  const recorder = new LatencyRecorder(1);
  recorder.record(1);
  assert.throws(() => recorder.record(2), /more than 1/);
});
