import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { Allowance } from './allowance.ts';

describe('Allowance', () => {
  it('gives a burst at once and then what was earned since', () => {
    const clock = new ManualClock();
    const allowance = new Allowance(clock, 2, 3);
    const taken = () => [1, 2, 3, 4].map(() => allowance.take());
    expect(taken()).toEqual([true, true, true, false]);
    clock.advance(1_000);
    expect(taken()).toEqual([true, true, false, false]);
    clock.advance(60_000);
    expect(taken()).toEqual([true, true, true, false]);
  });
});
