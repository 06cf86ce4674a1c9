import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROXIES } from '../proxies/index.mjs';
import { labelOf } from './cells.mjs';
import { FULL, QUICK } from './plan.mjs';
import { TARGETS, targetOf } from './targets.mjs';

const NAMES = PROXIES.map(({ name }) => name);

for (const [extent, plan] of Object.entries({ FULL, QUICK })) {
  test(`aims only at what ${extent} measures, often enough for a verdict`, () => {
    const often = new Set([
      ...plan.traffic.stages.filter(({ rounds }) => rounds >= 6).flatMap(({ cells }) => cells.map(labelOf)),
      `${plan.handshakes.concurrency} at once`,
      'idle',
    ]);
    for (const { against, settings } of TARGETS) {
      assert.ok(NAMES.includes(against), against);
      for (const setting of settings) assert.ok(often.has(setting), setting);
    }
    assert.ok(plan.handshakes.rounds >= 6);
  });
}

test('gives memory the rounds that a verdict takes in the full run', () => {
  assert.ok(FULL.idle.rounds >= 6);
});

test('takes other proxies for other targets', () => {
  const one = labelOf({ size: 128, connections: 100, depth: 1 });
  const large = labelOf({ size: 65_536, connections: 100, depth: 8 });
  assert.equal(targetOf('cpu', one, 'bare')?.atMost, 1.1);
  assert.equal(targetOf('cpu', one, 'nginx')?.atMost, 2);
  assert.equal(targetOf('cpu', large, 'nginx')?.atMost, 0.7);
  assert.equal(targetOf('cpu', large, 'bare'), undefined);
  assert.equal(targetOf('cpu', one, 'ws'), undefined);
  assert.equal(targetOf('memory', 'idle', 'haproxy'), undefined);
  assert.equal(targetOf('memory', 'after traffic', 'bare'), undefined);
});
