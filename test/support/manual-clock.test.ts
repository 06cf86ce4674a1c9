import { describe, expect, it } from 'vitest';
import { ManualClock } from './manual-clock.ts';

describe('ManualClock', () => {
  it('fires timers in the order in which they are due, each at its own moment', () => {
    const clock = new ManualClock();
    const fired: [string, number][] = [];
    clock.after(30, () => fired.push(['late', clock.now()]));
    clock.after(10, () => fired.push(['early', clock.now()]));
    clock.after(10, () => fired.push(['early too', clock.now()]));
    clock.advance(29);
    expect(fired).toEqual([
      ['early', 10],
      ['early too', 10],
    ]);
    clock.advance(1);
    expect(fired.at(-1)).toEqual(['late', 30]);
    expect(clock.pending).toBe(0);
  });

  it('repeats every() until it is cancelled, from inside as well', () => {
    const clock = new ManualClock(1000);
    const moments: number[] = [];
    const cancel = clock.every(10, () => {
      moments.push(clock.now());
      if (moments.length === 3) cancel();
    });
    clock.advance(100);
    expect(moments).toEqual([1010, 1020, 1030]);
    expect(clock.now()).toBe(1100);
    expect(clock.pending).toBe(0);
  });

  it('fires timers that are set while it fires', () => {
    const clock = new ManualClock();
    const moments: number[] = [];
    clock.after(5, () => clock.after(5, () => moments.push(clock.now())));
    clock.advance(10);
    expect(moments).toEqual([10]);
  });

  it('does not fire what was cancelled, and forgives cancelling twice', () => {
    const clock = new ManualClock();
    const cancel = clock.after(5, () => expect.fail('cancelled'));
    expect(clock.pending).toBe(1);
    cancel();
    cancel();
    expect(clock.pending).toBe(0);
    clock.advance(10);
  });

  it('lets a timer of no delay wait for the next millisecond, like Node', () => {
    const clock = new ManualClock();
    let fired = false;
    clock.after(0, () => {
      fired = true;
    });
    clock.advance(0);
    expect(fired).toBe(false);
    clock.advance(1);
    expect(fired).toBe(true);
  });

  it('refuses to go back', () => {
    expect(() => new ManualClock().advance(-1)).toThrow(RangeError);
  });
});
