import { describe, expect, it } from 'vitest';
import { nameOfLease, poolOf } from '../../../test/support/pools.ts';

const refused = new Error('refused');

/** A pool whose handshakes with the endpoints named in `broken` fail. */
function serving(names: readonly string[], passiveHealth = {}) {
  const made = poolOf(names, {
    passiveHealth: { failures: 3, ejectForMs: 10_000, maxEjected: 0.5, ...passiveHealth },
  });
  const broken = new Set<string>();
  const handshake = (): string => {
    const lease = made.select();
    const name = nameOfLease(lease);
    if (broken.has(name)) made.pool.failed(lease, refused);
    else made.pool.succeeded(lease);
    lease.release();
    return name;
  };
  const handshakes = (count: number): string => Array.from({ length: count }, handshake).join('');
  const log = (): string[] =>
    made.logger.lines.map(({ message, fields }) => `${String(fields['endpoint'])}: ${message}`);
  return { ...made, broken, handshakes, log };
}

describe('an endpoint whose handshakes fail', () => {
  it('is ejected after so many failures in a row, and is back when the time is up', () => {
    const { broken, clock, handshakes, states, log } = serving(['a', 'b']);
    broken.add('a');
    expect(handshakes(5)).toBe('ababa');
    expect(states()).toEqual({ a: 'ejected', b: 'up' });
    clock.advance(9_999);
    expect(handshakes(3)).toBe('bbb');
    broken.clear();
    clock.advance(1);
    expect(states()).toEqual({ a: 'up', b: 'up' });
    expect(handshakes(4).split('').sort().join('')).toBe('aabb');
    expect(log()).toEqual([
      'ws://a.test/: the endpoint is ejected: its handshakes failed',
      'ws://a.test/: the endpoint answers again',
    ]);
  });

  it('is not ejected for failures with a success in between', () => {
    const { broken, handshakes, states } = serving(['a', 'b']);
    for (let i = 0; i < 5; i++) {
      broken.add('a');
      handshakes(4);
      broken.clear();
      handshakes(2);
    }
    expect(states()).toEqual({ a: 'up', b: 'up' });
  });

  it('is out again with its first failure, twice as long each time, up to 16 times', () => {
    const { broken, clock, handshakes, logger, states } = serving(['a', 'b']);
    broken.add('a');
    handshakes(6);
    for (let i = 0; i < 6; i++) {
      while (states()['a'] === 'ejected') clock.advance(1_000);
      handshakes(2);
    }
    const seconds = logger.lines.map(({ fields }) => Number(fields['forMs']) / 1_000);
    expect(seconds).toEqual([10, 20, 40, 80, 160, 160, 160]);
  });

  it('starts afresh after a success', () => {
    const { broken, clock, handshakes, logger, states } = serving(['a', 'b']);
    for (let i = 0; i < 2; i++) {
      broken.add('a');
      handshakes(6);
      expect(states()).toMatchObject({ a: 'ejected' });
      broken.clear();
      clock.advance(10_000);
      handshakes(2);
    }
    const ejections = logger.lines.filter(({ level }) => level === 'warn');
    expect(ejections.map(({ fields }) => fields['forMs'])).toEqual([10_000, 10_000]);
  });

  it('is never ejected with failures: 0', () => {
    const { broken, handshakes, states } = serving(['a', 'b'], { failures: 0 });
    broken.add('a');
    handshakes(40);
    expect(states()).toEqual({ a: 'up', b: 'up' });
  });
});

describe('maxEjected', () => {
  it.each([
    [1, 0.5, 0],
    [2, 0.5, 1],
    [3, 0.5, 1],
    [4, 0.5, 2],
    [3, 0, 0],
    [3, 1, 3],
    [3, 0.34, 1],
  ])('of %i endpoints with a part of %d lets %i be out', (count, maxEjected, expected) => {
    const names = ['a', 'b', 'c', 'd'].slice(0, count);
    const { broken, pool, states } = serving(names, { maxEjected });
    for (const name of names) broken.add(name);
    for (let i = 0; i < 30; i++) {
      const lease = pool.select(null);
      if (lease !== null) pool.failed(lease, refused);
    }
    expect(Object.values(states()).filter((state) => state === 'ejected')).toHaveLength(expected);
  });

  it('is said once of an endpoint that stays because of it, and again after it had answered', () => {
    const { broken, handshakes, log } = serving(['a']);
    const stays = 'ws://a.test/: the endpoint fails, but stays: no more may be ejected';
    broken.add('a');
    handshakes(10);
    expect(log()).toEqual([stays]);
    broken.clear();
    handshakes(1);
    broken.add('a');
    handshakes(10);
    expect(log()).toEqual([stays, 'ws://a.test/: the endpoint answers again', stays]);
  });

  it('counts endpoints that are unhealthy as out', () => {
    const { broken, handshakes, pool, states } = serving(['a', 'b', 'c']);
    const [, , third] = pool.members;
    if (third !== undefined) third.healthy = false;
    broken.add('a');
    handshakes(20);
    expect(states()).toEqual({ a: 'up', b: 'up', c: 'unhealthy' });
  });
});
