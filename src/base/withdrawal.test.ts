import { describe, expect, it } from 'vitest';
import { Withdrawal } from './withdrawal.ts';

describe('a withdrawal', () => {
  it('tells everybody who still wants to know, once', () => {
    const withdrawal = new Withdrawal();
    const told: string[] = [];
    withdrawal.onWithdrawn(() => told.push('first'));
    withdrawal.onWithdrawn(() => told.push('second'))();
    withdrawal.onWithdrawn(() => told.push('third'));
    expect(withdrawal.withdrawn).toBe(false);
    withdrawal.withdraw();
    withdrawal.withdraw();
    expect(withdrawal.withdrawn).toBe(true);
    expect(told).toEqual(['first', 'third']);
  });
});
