import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nameOf, placeOf, poolOf } from '../../../test/support/pools.ts';
import type { Withdrawable } from '../../base/withdrawal.ts';
import type { Place } from '../pool/member.ts';
import { HealthChecks, type HealthCheckTiming } from './health-checks.ts';

const TIMING: HealthCheckTiming = {
  intervalMs: 10_000,
  timeoutMs: 2_000,
  healthyAfter: 2,
  unhealthyAfter: 3,
};

function checking(timing: Partial<HealthCheckTiming> = {}) {
  const made = poolOf(['a', 'b']);
  const { clock, logger, pool } = made;
  const broken = new Set<string>();
  const silent = new Set<string>();
  const probed: string[] = [];
  const probe = (place: Place, withdrawal: Withdrawable): Promise<void> => {
    const name = nameOf(place.endpoint.name);
    probed.push(name);
    if (broken.has(name)) return Promise.reject(new Error('refused'));
    if (!silent.has(name)) return Promise.resolve();
    return new Promise((_, reject) => {
      withdrawal.onWithdrawn(() => reject(new Error('withdrawn')));
    });
  };
  const checks = new HealthChecks(
    pool,
    { ...TIMING, ...timing },
    { probe, clock, logger, random: () => 0.5 },
  );
  /** Moves time by so many intervals. */
  const rounds = async (count: number): Promise<void> => {
    for (let i = 0; i < count * 10; i++) {
      clock.advance(1_000);
      await turn();
    }
  };
  const begin = async (): Promise<void> => {
    checks.update();
    await turn();
  };
  const log = (): string[] =>
    logger.lines.map(({ message, fields }) => `${String(fields['endpoint'])}: ${message}`);
  return { ...made, checks, begin, broken, silent, probed, rounds, log };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let rig: ReturnType<typeof checking>;

beforeEach(() => {
  rig = checking();
});

afterEach(() => {
  rig.checks.stop();
  expect(rig.clock.pending).toBe(0);
});

const UNHEALTHY = 'ws://a.test/: the endpoint is unhealthy: it gets no new connections';
const HEALTHY = 'ws://a.test/: the endpoint is healthy again';

describe('health checks', () => {
  it('look at every endpoint at once and then at each interval, and say nothing while all is well', async () => {
    await rig.begin();
    expect(rig.probed).toEqual(['a', 'b']);
    await rig.rounds(3);
    expect(rig.probed).toHaveLength(8);
    expect(rig.log()).toEqual([]);
  });

  it('take an endpoint out after unhealthyAfter failures in a row, and back after healthyAfter successes', async () => {
    await rig.begin();
    rig.broken.add('a');
    await rig.rounds(2);
    expect(rig.states()).toEqual({ a: 'up', b: 'up' });
    await rig.rounds(1);
    expect(rig.states()).toEqual({ a: 'unhealthy', b: 'up' });
    expect(rig.pool.select(null)?.member.name).toBe('ws://b.test/');
    await rig.rounds(5);
    rig.broken.clear();
    await rig.rounds(1);
    expect(rig.states()).toEqual({ a: 'unhealthy', b: 'up' });
    await rig.rounds(1);
    expect(rig.states()).toEqual({ a: 'up', b: 'up' });
    expect(rig.log()).toEqual([UNHEALTHY, HEALTHY]);
  });

  it('count in a row: one success in between starts afresh', async () => {
    await rig.begin();
    for (let i = 0; i < 4; i++) {
      rig.broken.add('a');
      await rig.rounds(2);
      rig.broken.clear();
      await rig.rounds(1);
    }
    expect(rig.log()).toEqual([]);
  });

  it('believe the very first one', async () => {
    rig.broken.add('a');
    await rig.begin();
    expect(rig.states()).toEqual({ a: 'unhealthy', b: 'up' });
    expect(rig.log()).toEqual([UNHEALTHY]);
  });

  it('take an endpoint out even if it is the last', async () => {
    rig.broken.add('a').add('b');
    await rig.begin();
    expect(rig.pool.select(null)).toBeNull();
  });

  it('count a probe that takes longer than timeout as failed, with the reason', async () => {
    rig.silent.add('a');
    await rig.begin();
    rig.clock.advance(1_999);
    await turn();
    expect(rig.states()).toEqual({ a: 'up', b: 'up' });
    rig.clock.advance(1);
    await turn();
    expect(rig.states()).toEqual({ a: 'unhealthy', b: 'up' });
    expect(rig.logger.lines[0]?.fields['err']).toEqual(new Error('no answer in 2000 ms'));
  });

  it('follow the endpoints that come and go', async () => {
    rig.silent.add('a');
    await rig.begin();
    rig.pool.update([placeOf('b'), placeOf('c')]);
    await rig.begin();
    expect(rig.probed).toEqual(['a', 'b', 'c']);
    await rig.rounds(1);
    expect(rig.probed.slice(3).sort()).toEqual(['b', 'c']);
    expect(rig.log()).toEqual([]);
  });

  it('end at once when they are stopped, probes under way included', async () => {
    rig.silent.add('a');
    await rig.begin();
    rig.checks.stop();
    expect(rig.clock.pending).toBe(0);
    await turn();
    await rig.rounds(2);
    expect(rig.probed).toEqual(['a', 'b']);
    expect(rig.log()).toEqual([]);
  });
});
