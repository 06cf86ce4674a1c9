import { describe, expect, it } from 'vitest';
import { ControlAllowance } from './control-allowance.ts';

describe('ControlAllowance', () => {
  const spendAll = (allowance: ControlAllowance, now: number): number => {
    let spent = 0;
    while (allowance.spend(now)) spent++;
    return spent;
  };

  it('allows twice the rate in a burst, then nothing', () => {
    expect(spendAll(new ControlAllowance(100, 5000), 5000)).toBe(200);
  });

  it('earns the rate back each second, a part of it in a part of a second', () => {
    const allowance = new ControlAllowance(100, 0);
    spendAll(allowance, 0);
    expect(spendAll(allowance, 500)).toBe(50);
    expect(spendAll(allowance, 1500)).toBe(100);
  });

  it('never saves up more than a burst', () => {
    const allowance = new ControlAllowance(100, 0);
    expect(spendAll(allowance, 3_600_000)).toBe(200);
  });

  it('lets a steady sender at the rate go on for ever', () => {
    const allowance = new ControlAllowance(100, 0);
    for (let now = 0; now < 60_000; now += 100) {
      for (let i = 0; i < 10; i++) expect(allowance.spend(now)).toBe(true);
    }
  });

  it('counts fractions of one frame a second', () => {
    const allowance = new ControlAllowance(1, 0);
    expect(spendAll(allowance, 0)).toBe(2);
    expect(allowance.spend(900)).toBe(false);
    expect(allowance.spend(1000)).toBe(true);
  });
});
