import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import type { Connection } from '../base/connection.ts';
import { PacedClose } from './paced-close.ts';

/** Nothing of a connection is looked at. */
const connections = (count: number): Connection[] =>
  Array.from({ length: count }, (_, i) => ({ id: String(i) }) as Connection);

function start(count: number, periodMs: number | null, random = () => 0.5) {
  const clock = new ManualClock();
  const closed: { id: string; at: number }[] = [];
  const close = ({ id }: Connection): void => void closed.push({ id, at: clock.now() });
  const paced = new PacedClose(connections(count), { clock, periodMs, random, close });
  return { clock, closed, paced };
}

describe('a paced close', () => {
  it('spreads the closes evenly over its period, the oldest first', () => {
    const { clock, closed, paced } = start(4, 1000);
    expect(closed).toEqual([]);
    expect(paced.leftMs).toBe(1000);
    clock.advance(1000);
    expect(closed).toEqual([
      { id: '0', at: 140 },
      { id: '1', at: 380 },
      { id: '2', at: 640 },
      { id: '3', at: 880 },
    ]);
    expect(paced.isOver).toBe(true);
    expect(clock.pending).toBe(0);
  });

  it('says how long it will take', () => {
    const { clock, paced } = start(10, 5000);
    clock.advance(2000);
    expect(paced.leftMs).toBe(3000);
    clock.advance(3000);
    expect(paced.leftMs).toBe(0);
  });

  it.each([
    ['at once when a period of 0 is asked for', 1000, 0, 0],
    ['at once when they are few', 100, null, 0],
    ['a thousand a second when they are more', 2000, null, 2000],
    ['within ten seconds when they are very many', 30_000, null, 10_000],
    ['over what is asked for, however few they are', 2, 60_000, 60_000],
  ])('closes %s', (_name, count, periodMs, takesMs) => {
    const { clock, closed, paced } = start(count, periodMs);
    expect(paced.leftMs).toBe(takesMs);
    if (takesMs > 0) {
      clock.advance(takesMs / 2);
      expect(closed.length).toBeGreaterThan(count * 0.4);
      expect(closed.length).toBeLessThan(count * 0.6);
      clock.advance(takesMs / 2);
    }
    expect(closed).toHaveLength(count);
    expect(clock.pending).toBe(0);
  });

  it('has nothing to do without connections', () => {
    const { clock, paced } = start(0, 1000);
    expect(paced.isOver).toBe(true);
    expect(paced.leftMs).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('keeps none of the connections that it has closed', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const open = connections(3);
    const references = open.map((connection) => new WeakRef(connection));
    const clock = new ManualClock();
    const paced = new PacedClose(open, { clock, periodMs: 100, random: () => 0.5, close: () => {} });
    clock.advance(200);
    open.length = 0;
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    expect(references.map((reference) => reference.deref())).toEqual([undefined, undefined, undefined]);
    expect(paced.isOver).toBe(true);
  });

  it('leaves the others open when it is cancelled', () => {
    const { clock, closed, paced } = start(4, 1000);
    clock.advance(500);
    paced.cancel();
    clock.advance(10_000);
    expect(closed).toHaveLength(2);
    expect(paced.leftMs).toBe(0);
    expect(clock.pending).toBe(0);
  });

  it('closes each connection once, within its own share of the period, whatever the dice say', () => {
    const dice = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.integer({ min: 0, max: 60_000 }),
        dice,
        (count, period, rolls) => {
          let roll = 0;
          const random = (): number => rolls[roll++ % rolls.length] ?? 0;
          const { clock, closed } = start(count, period, random);
          clock.advance(period + 20);
          expect(closed.map(({ id }) => Number(id))).toEqual(closed.map((_, i) => i));
          expect(closed).toHaveLength(count);
          const share = period / count;
          for (const [i, { at }] of closed.entries()) {
            expect(at).toBeGreaterThanOrEqual(Math.floor(i * share));
            expect(at).toBeLessThanOrEqual((i + 1) * share + 20);
          }
          expect(clock.pending).toBe(0);
        },
      ),
    );
  });
});
