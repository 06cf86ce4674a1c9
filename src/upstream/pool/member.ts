import type { Connection } from '../../base/connection.ts';
import type { Candidate } from '../balancers/balancer.ts';
import type { Endpoint } from '../endpoint.ts';
import type { TlsProfile } from '../open-socket.ts';

/** Somewhere to dial, and how much of the traffic is meant for it. */
export interface Place {
  /** Its `name` and query tell it from every other place of the pool. */
  readonly endpoint: Endpoint;
  /** `null` for `ws://`. */
  readonly tls: TlsProfile | null;
  /** `0`: takes no new connections. */
  readonly weight: number;
  /** Those of a higher number are used only when none of a lower one can take a connection. */
  readonly priority: number;
  /** `0`: any number. */
  readonly maxConnections: number;
}

/** What tells a place from others. */
export const placeId = ({ endpoint }: Place): string => `${endpoint.name}?${endpoint.query}`;

/** A place of a pool, with what is known of it. */
export class Member implements Candidate {
  #place: Place;
  readonly #leases = new Set<Lease>();
  /** No longer one of the pool's places: keeps only the connections that it has. */
  leaving = false;
  /** What the health checks say. */
  healthy = true;
  /** Handshakes that failed, one after the other. */
  failures = 0;
  /** How often it was ejected since its last success. */
  ejections = 0;
  /** The clock's time until which it is ejected. */
  ejectedUntilMs = 0;
  /** Since it is there. */
  readonly counts = { handshakes: 0, failed: 0 };

  constructor(place: Place) {
    this.#place = place;
  }

  get place(): Place {
    return this.#place;
  }

  /** Never shown: a query may carry a key. */
  get id(): string {
    return placeId(this.#place);
  }

  get name(): string {
    return this.#place.endpoint.name;
  }

  get weight(): number {
    return this.#place.weight;
  }

  get connections(): number {
    return this.#leases.size;
  }

  /** The same place, perhaps with another weight. */
  update(place: Place): void {
    this.#place = place;
    this.leaving = false;
  }

  stateAt(nowMs: number): MemberState {
    if (this.leaving) return 'leaving';
    if (!this.healthy) return 'unhealthy';
    return nowMs < this.ejectedUntilMs ? 'ejected' : 'up';
  }

  /** Whether it may get another connection. */
  takesMore(nowMs: number): boolean {
    const { weight, maxConnections } = this.#place;
    const hasRoom = maxConnections === 0 || this.connections < maxConnections;
    return weight > 0 && hasRoom && this.stateAt(nowMs) === 'up';
  }

  /** Counts one more connection, from here until the lease is released. */
  lease(): Lease {
    const lease = new Lease(this);
    this.#leases.add(lease);
    return lease;
  }

  /** Takes a lease back. Only the first time counts. */
  release(lease: Lease): void {
    this.#leases.delete(lease);
  }

  /** Its connections, handshakes under way left out. */
  *opened(): IterableIterator<Connection> {
    for (const { connection } of this.#leases) if (connection !== null) yield connection;
  }
}

/**
 * - `up`: takes connections, as long as it is not full
 * - `ejected`: its handshakes failed, so it gets none for a while
 * - `unhealthy`: its health checks fail
 * - `leaving`: no longer in the configuration or in the DNS, but still with connections
 */
export type MemberState = 'up' | 'ejected' | 'unhealthy' | 'leaving';

/** One connection's claim on an endpoint, from its selection until its end. */
export class Lease {
  readonly member: Member;
  /** `null` until it is opened. */
  connection: Connection | null = null;

  constructor(member: Member) {
    this.member = member;
  }

  /** Gives it back. Only the first time counts. */
  release(): void {
    this.member.release(this);
  }
}
