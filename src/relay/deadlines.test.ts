import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { Deadlines, type Due, NOT_YET, RESOLUTION_MS } from './deadlines.ts';

class Probe implements Due {
  dueTick = NOT_YET;
  readonly seen: number[] = [];
  readonly #then: ((now: number) => void) | undefined;

  constructor(then?: (now: number) => void) {
    this.#then = then;
  }

  onDue(now: number): void {
    this.seen.push(now);
    this.#then?.(now);
  }
}

describe('Deadlines', () => {
  it('looks when the time has come, once, and not before', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const probe = new Probe();
    deadlines.join();
    deadlines.schedule(probe, 1000);
    clock.advance(999);
    expect(probe.seen).toEqual([]);
    clock.advance(1);
    expect(probe.seen).toEqual([1000]);
    clock.advance(10_000);
    expect(probe.seen).toEqual([1000]);
  });

  it('is never early and at most two ticks late, whenever the wait began', () => {
    const property = fc.property(fc.nat(5000), fc.integer({ min: 1, max: 5000 }), (startMs, limitMs) => {
      const clock = new ManualClock();
      const deadlines = new Deadlines(clock);
      deadlines.join();
      clock.advance(startMs);
      let firedAt = -1;
      const probe = new Probe(() => {
        firedAt = clock.now();
      });
      deadlines.schedule(probe, Deadlines.expiry(deadlines.now, limitMs));
      clock.advance(limitMs + 1000);
      expect(firedAt - startMs).toBeGreaterThanOrEqual(limitMs);
      expect(firedAt - startMs).toBeLessThanOrEqual(limitMs + 2 * RESOLUTION_MS);
    });
    fc.assert(property);
  });

  it('keeps the earliest of what was asked for', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const probe = new Probe();
    deadlines.join();
    deadlines.schedule(probe, 2000);
    deadlines.schedule(probe, 500);
    deadlines.schedule(probe, 3000);
    clock.advance(5000);
    expect(probe.seen).toEqual([500]);
  });

  it('may be asked again from within a look, also for a time that has passed', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const probe: Probe = new Probe((now) => {
      if (probe.seen.length < 3) deadlines.schedule(probe, now - 1000);
    });
    deadlines.join();
    deadlines.schedule(probe, 100);
    clock.advance(1000);
    expect(probe.seen).toEqual([100, 200, 300]);
  });

  it('ticks only while somebody is there', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const probes = [new Probe(), new Probe()];
    expect(clock.pending).toBe(0);
    for (const probe of probes) {
      deadlines.join();
      deadlines.schedule(probe, 1000);
    }
    expect(clock.pending).toBe(1);
    for (const probe of probes) deadlines.leave(probe);
    expect(clock.pending).toBe(0);
    clock.advance(5000);
    expect(probes.map(({ seen }) => seen)).toEqual([[], []]);
  });

  it('goes on where it stopped when somebody comes back', () => {
    const clock = new ManualClock();
    const deadlines = new Deadlines(clock);
    const probe = new Probe();
    deadlines.join();
    clock.advance(1000);
    deadlines.leave(probe);
    clock.advance(3_600_000);
    deadlines.join();
    expect(deadlines.now).toBe(1000);
    deadlines.schedule(probe, deadlines.now + 500);
    clock.advance(400);
    expect(probe.seen).toEqual([]);
    clock.advance(100);
    expect(probe.seen).toHaveLength(1);
  });

  it('counts a second at most for a gap in which the process did not run', () => {
    let now = 0;
    let tick = (): void => {};
    const deadlines = new Deadlines({
      now: () => now,
      after: () => () => {},
      every: (_ms, f) => {
        tick = f;
        return () => {};
      },
    });
    const [soon, late] = [new Probe(), new Probe()];
    deadlines.join();
    deadlines.schedule(soon, 900);
    deadlines.schedule(late, 1100);
    now = 3_600_000;
    tick();
    expect(deadlines.now).toBe(1000);
    expect(soon.seen).toHaveLength(1);
    expect(late.seen).toHaveLength(0);
  });
});
