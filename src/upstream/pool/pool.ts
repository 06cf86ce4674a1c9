import type { Clock } from '../../base/clock.ts';
import type { Connection } from '../../base/connection.ts';
import type { Logger } from '../../base/logger.ts';
import type { Balancer, Candidates } from '../balancers/balancer.ts';
import { PassiveHealth, type PassiveHealthOptions } from '../health/passive-health.ts';
import { type Lease, Member, type MemberState, type Place, placeId } from './member.ts';

/** How the connections of one action are spread over its endpoints. */
export interface PoolOptions {
  readonly balancer: Balancer;
  /** Of all endpoints together. `0`: any number. */
  readonly maxConnections: number;
  readonly passiveHealth: PassiveHealthOptions;
}

/** What a pool works with. */
export interface PoolParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends connections whose endpoint has gone, politely. */
  readonly drain: (connections: readonly Connection[]) => void;
}

/** A look at one endpoint of a pool. */
export interface EndpointStats {
  /** Its URL without the query; the address too where a name was resolved. */
  readonly endpoint: string;
  readonly state: MemberState;
  readonly weight: number;
  /** Open ones, and handshakes under way. */
  readonly connections: number;
  /** `0`: any number. */
  readonly maxConnections: number;
  /** Handshakes that it was asked for since it is there, and how many of them failed. */
  readonly handshakes: number;
  readonly failed: number;
  /** Failed handshakes since the last that did not. */
  readonly failures: number;
}

/** Names of endpoints. */
export interface PoolChange {
  readonly added: readonly string[];
  readonly gone: readonly string[];
}

const NONE: readonly Member[] = [];

/** The endpoints of one action, and who is connected to them. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #parts: PoolParts;
  readonly #passiveHealth: PassiveHealth;
  #members: readonly Member[];
  /** Those that still have connections, though they are no places of this pool any more. */
  #leaving: readonly Member[] = NONE;

  constructor(places: readonly Place[], options: PoolOptions, parts: PoolParts) {
    this.#options = options;
    this.#parts = parts;
    this.#passiveHealth = new PassiveHealth(options.passiveHealth, parts.clock, parts.logger);
    this.#members = places.map((place) => new Member(place));
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  get connections(): number {
    return [...this.#members, ...this.#leaving].reduce((sum, { connections }) => sum + connections, 0);
  }

  /**
   * Chooses an endpoint for a connection, which counts from here until its lease is released.
   * @param key what a balancer that hashes goes by.
   * @param tried endpoints that it must not be.
   * @returns `null` when none can take it: all are full, out or tried.
   */
  select(key: string | null, tried: readonly Member[] = NONE): Lease | null {
    const { balancer, maxConnections } = this.#options;
    if (maxConnections > 0 && this.connections >= maxConnections) return null;
    const able = this.#able(tried);
    if (!isSome(able)) return null;
    const member = able.length === 1 ? able[0] : balancer.pick(able, key);
    member.counts.handshakes++;
    return member.lease();
  }

  /** Those of the lowest priority of which any can take a connection. */
  #able(tried: readonly Member[]): readonly Member[] {
    const nowMs = this.#parts.clock.now();
    let able: Member[] = [];
    let lowest = Number.POSITIVE_INFINITY;
    for (const member of this.#members) {
      const { priority } = member.place;
      if (priority > lowest || !member.takesMore(nowMs) || tried.includes(member)) continue;
      if (priority < lowest) able = [];
      lowest = priority;
      able.push(member);
    }
    return able;
  }

  /** Why nothing can be selected, for operators. */
  shortage(): string {
    const { maxConnections } = this.#options;
    if (maxConnections > 0 && this.connections >= maxConnections)
      return `the action has its ${maxConnections} connections`;
    if (this.#members.length === 0) return 'none is known';
    const nowMs = this.#parts.clock.now();
    const counts = new Map<string, number>();
    for (const member of this.#members) {
      const why = member.weight === 0 ? 'of weight 0' : member.stateAt(nowMs);
      counts.set(why, (counts.get(why) ?? 0) + 1);
    }
    return [...counts].map(([why, count]) => `${count} ${why === 'up' ? 'full' : why}`).join(', ');
  }

  /** The endpoint gave an answer, whatever it says. */
  succeeded({ member }: Lease): void {
    this.#passiveHealth.succeeded(member);
  }

  /** The endpoint could not be reached, broke off, or said itself that it cannot serve. */
  failed({ member }: Lease, error: Error): void {
    member.counts.failed++;
    this.#passiveHealth.failed(member, this.#members, error);
  }

  /** The connection is open: from now on it ends when its endpoint goes. */
  opened(lease: Lease, connection: Connection): void {
    lease.connection = connection;
    if (lease.member.leaving) this.#parts.drain([connection]);
  }

  /**
   * Replaces the places. Who stays keeps its connections and its standing; the connections of who goes are drained.
   * @returns what has come and gone.
   */
  update(places: readonly Place[]): PoolChange {
    const known = new Map([...this.#leaving, ...this.#members].map((member) => [member.id, member]));
    const before = new Set(this.#members);
    this.#members = places.map((place) => {
      const member = known.get(placeId(place)) ?? new Member(place);
      member.update(place);
      return member;
    });
    const stay = new Set(this.#members);
    const gone = [...before].filter((member) => !stay.has(member));
    for (const member of gone) member.leaving = true;
    this.#leaving = [...known.values()].filter(({ leaving, connections }) => leaving && connections > 0);
    for (const member of gone) this.#parts.drain([...member.opened()]);
    const added = this.#members.filter((member) => !before.has(member));
    return { added: added.map(({ name }) => name), gone: gone.map(({ name }) => name) };
  }

  stats(): readonly EndpointStats[] {
    const nowMs = this.#parts.clock.now();
    const leaving = this.#leaving.filter(({ connections }) => connections > 0);
    return [...this.#members, ...leaving].map((member) => statsOf(member, nowMs));
  }
}

const isSome = (members: readonly Member[]): members is Candidates<Member> => members.length > 0;

function statsOf(member: Member, nowMs: number): EndpointStats {
  const { name, weight, connections, failures, counts, place } = member;
  const { maxConnections } = place;
  return {
    endpoint: name,
    state: member.stateAt(nowMs),
    weight,
    connections,
    maxConnections,
    ...counts,
    failures,
  };
}
