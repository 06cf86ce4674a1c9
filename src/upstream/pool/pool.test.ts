import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeConnection, nameOfLease, placeOf, poolOf } from '../../../test/support/pools.ts';
import type { Lease } from './member.ts';

const names = (leases: readonly Lease[]): string[] => leases.map(nameOfLease);
const times = <T>(count: number, f: () => T): T[] => Array.from({ length: count }, () => f());

describe('a pool', () => {
  it('takes its endpoints in turn', () => {
    const { select } = poolOf(['a', 'b', 'c']);
    expect(names(times(6, select))).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
  });

  it('gives none of those that were tried, and nothing when all were', () => {
    const { pool, select } = poolOf(['a', 'b']);
    const first = select();
    const second = select(first);
    expect(names([first, second])).toEqual(['a', 'b']);
    expect(pool.select(null, [first.member, second.member])).toBeNull();
  });

  it('gives nothing to an endpoint of weight 0, even when it is the only one', () => {
    const { select } = poolOf([placeOf('a', { weight: 0 }), 'b']);
    expect(names(times(3, select))).toEqual(['b', 'b', 'b']);
    expect(poolOf([placeOf('a', { weight: 0 })]).pool.select(null)).toBeNull();
  });

  it('passes over an endpoint that is full until one of its connections ends', () => {
    const { pool, select } = poolOf([
      placeOf('a', { maxConnections: 1 }),
      placeOf('b', { maxConnections: 2 }),
    ]);
    const leases = times(3, select);
    expect(names(leases)).toEqual(['a', 'b', 'b']);
    expect(pool.select(null)).toBeNull();
    leases[0]?.release();
    expect(nameOfLease(select())).toBe('a');
  });

  it('takes no more than maxConnections in all', () => {
    const { pool, select } = poolOf(['a', 'b'], { maxConnections: 3 });
    const [first] = times(3, select);
    expect(pool.select(null)).toBeNull();
    first?.release();
    first?.release();
    select();
    expect(pool.select(null)).toBeNull();
  });

  it('uses a higher priority only when no lower one can take a connection', () => {
    const { select } = poolOf([
      placeOf('a', { priority: 10, maxConnections: 1 }),
      placeOf('spare', { priority: 20 }),
      placeOf('b', { priority: 10, maxConnections: 1 }),
    ]);
    const leases = times(4, select);
    expect(names(leases)).toEqual(['a', 'b', 'spare', 'spare']);
    leases[1]?.release();
    expect(nameOfLease(select())).toBe('b');
  });

  it('counts each connection from its selection until its one release, whatever happens in between', () => {
    const steps = fc.array(fc.record({ end: fc.boolean(), index: fc.nat(), failed: fc.boolean() }));
    fc.assert(
      fc.property(steps, (all) => {
        const { pool } = poolOf(['a', 'b', placeOf('c', { maxConnections: 2 })], { maxConnections: 6 });
        const ended: Lease[] = [];
        let open: Lease[] = [];
        for (const { end, index, failed } of all) {
          const lease = end ? (open[index % open.length] ?? ended[0]) : pool.select(null);
          if (lease === null || lease === undefined) continue;
          if (end) {
            open = open.filter((other) => other !== lease);
            ended.push(lease);
            lease.release();
          } else open.push(lease);
          if (failed) pool.failed(lease, new Error('broken'));
          expect(pool.connections).toBe(open.length);
          expect(open.length).toBeLessThanOrEqual(6);
        }
      }),
    );
  });

  it('says why it has nothing to give', () => {
    const places = [
      placeOf('a', { maxConnections: 1 }),
      placeOf('b', { maxConnections: 1 }),
      placeOf('c', { weight: 0 }),
      placeOf('d'),
    ];
    const { pool, select } = poolOf(places);
    const [, , third, fourth] = pool.members;
    if (fourth !== undefined) fourth.healthy = false;
    times(2, select);
    expect(third?.weight).toBe(0);
    expect(pool.shortage()).toBe('2 full, 1 of weight 0, 1 unhealthy');
    expect(poolOf([]).pool.shortage()).toBe('none is known');
    const limited = poolOf(['a', 'b'], { maxConnections: 1 });
    limited.select();
    expect(limited.pool.shortage()).toBe('the action has its 1 connections');
  });

  it('tells how its endpoints are', () => {
    const { pool, select } = poolOf([placeOf('a', { weight: 3, maxConnections: 5 })]);
    pool.failed(select(), new Error('broken'));
    expect(pool.stats()).toEqual([
      {
        endpoint: 'ws://a.test/',
        state: 'up',
        weight: 3,
        connections: 1,
        maxConnections: 5,
        handshakes: 1,
        failed: 1,
        failures: 1,
      },
    ]);
  });
});

describe('a pool whose endpoints change', () => {
  it('drains the connections of those that go, and those of their handshakes that are still under way', () => {
    const { pool, drained, select, states } = poolOf(['a', 'b']);
    const [onA, onB, pendingOnA] = times(3, select);
    if (onA === undefined || onB === undefined || pendingOnA === undefined) throw new Error('not selected');
    const [first, second] = [fakeConnection(), fakeConnection()];
    pool.opened(onA, first);
    pool.opened(onB, fakeConnection());

    expect(pool.update([placeOf('b'), placeOf('c')])).toEqual({
      added: ['ws://c.test/'],
      gone: ['ws://a.test/'],
    });
    expect(drained).toEqual([first]);
    expect(states()).toEqual({ a: 'leaving', b: 'up', c: 'up' });

    pool.opened(pendingOnA, second);
    expect(drained).toEqual([first, second]);
    onA.release();
    pendingOnA.release();
    expect(states()).toEqual({ b: 'up', c: 'up' });
  });

  it('gives those that come their share, and nothing to those that have gone', () => {
    const { pool, select } = poolOf(['a', 'b']);
    times(2, select);
    pool.update([placeOf('b'), placeOf('c')]);
    expect(names(times(4, select)).sort()).toEqual(['b', 'b', 'c', 'c']);
  });

  it('keeps the connections and the standing of those that stay', () => {
    const { pool, drained, select, states } = poolOf(['a', 'b']);
    const lease = select();
    for (const _ of times(3, select)) pool.failed(lease, new Error('broken'));
    expect(states()).toMatchObject({ a: 'ejected' });
    pool.update([placeOf('b'), placeOf('a', { weight: 2 })]);
    expect(states()).toMatchObject({ a: 'ejected' });
    expect(pool.members.find(({ name }) => name === 'ws://a.test/')?.weight).toBe(2);
    expect(drained).toEqual([]);
  });

  it('takes one back that returns while it still has connections', () => {
    const { pool, select, states } = poolOf(['a', 'b']);
    const lease = select();
    pool.update([placeOf('b')]);
    pool.update([placeOf('a'), placeOf('b')]);
    expect(states()).toEqual({ a: 'up', b: 'up' });
    expect(lease.member).toBe(pool.members[0]);
    expect(pool.connections).toBe(1);
  });

  it('counts what is leaving towards maxConnections', () => {
    const { pool, select } = poolOf(['a'], { maxConnections: 1 });
    const lease = select();
    pool.update([placeOf('b')]);
    expect(pool.select(null)).toBeNull();
    lease.release();
    expect(nameOfLease(select())).toBe('b');
  });

  it('tells endpoints apart by their query, and never shows it', () => {
    const { pool } = poolOf(['ws://a.test/?key=1', 'ws://a.test/?key=2']);
    const [first] = pool.members;
    pool.update([placeOf('ws://a.test/?key=1')]);
    expect(pool.members).toEqual([first]);
    expect(pool.stats().map(({ endpoint }) => endpoint)).toEqual(['ws://a.test/']);
  });

  it('has nothing to give while it has no endpoint', () => {
    const { pool } = poolOf([]);
    expect(pool.select(null)).toBeNull();
    pool.update([placeOf('a')]);
    expect(pool.select(null)).not.toBeNull();
  });
});
