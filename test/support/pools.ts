import type { Connection } from '../../src/base/connection.ts';
import type { CloseHow } from '../../src/base/relay.ts';
import { createBalancer } from '../../src/upstream/balancers/create-balancer.ts';
import { parseEndpoint } from '../../src/upstream/endpoint.ts';
import type { Lease, Place } from '../../src/upstream/pool/member.ts';
import { Pool, type PoolOptions } from '../../src/upstream/pool/pool.ts';
import { ManualClock } from './manual-clock.ts';
import { RecordingLogger } from './recording-logger.ts';

/** A place of a pool: `ws://NAME.test/`, or any URL. */
export function placeOf(name: string, changes: Partial<Place> = {}): Place {
  const verdict = parseEndpoint(name.includes('://') ? name : `ws://${name}.test/`);
  if (!verdict.ok) throw new Error(verdict.problem);
  return { endpoint: verdict.endpoint, tls: null, weight: 1, priority: 0, maxConnections: 0, ...changes };
}

/** A pool in a test's hand. Its round robin starts with the first endpoint. */
export function poolOf(places: readonly (string | Place)[], options: Partial<PoolOptions> = {}) {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const drained: Connection[] = [];
  const pool = new Pool(
    places.map((place) => (typeof place === 'string' ? placeOf(place) : place)),
    {
      balancer: createBalancer('roundRobin', () => 0),
      maxConnections: 0,
      passiveHealth: { failures: 3, ejectForMs: 10_000, maxEjected: 0.5 },
      ...options,
    },
    { clock, logger, drain: (connections) => void drained.push(...connections) },
  );
  const select = (...tried: Lease[]): Lease => {
    const lease = pool.select(
      null,
      tried.map(({ member }) => member),
    );
    if (lease === null) throw new Error('no endpoint can take it');
    return lease;
  };
  const states = (): Record<string, string> =>
    Object.fromEntries(pool.stats().map(({ endpoint, state }) => [nameOf(endpoint), state]));
  return { pool, clock, logger, drained, select, states };
}

/** `a` of `ws://a.test/`. */
export const nameOf = (id: string): string => /^wss?:\/\/([^.:/]*)/.exec(id)?.[1] ?? id;

export const nameOfLease = ({ member }: Lease): string => nameOf(member.id);

/** A connection that only remembers how it was closed. */
export class FakeConnection {
  readonly closes: [cause: string, how: CloseHow | undefined][] = [];
  close(cause: string, how?: CloseHow): void {
    this.closes.push([cause, how]);
  }
}

export const fakeConnection = (): Connection => new FakeConnection() as unknown as Connection;
