import type { GatewayCause } from '../base/causes.ts';
import type { Connection, Locals } from '../base/connection.ts';
import type { Logger } from '../base/logger.ts';
import type { Observer } from '../base/observer.ts';
import type { CloseHow, Message, Relay, RelayOwner, RelayResult, RelayStats } from '../base/relay.ts';
import type { RouteRef } from '../base/route.ts';
import type { Side } from '../base/side.ts';
import type { AcceptedLeg } from '../http/exchange.ts';
import type { Lease } from '../upstream/pool/member.ts';

/** What a connection is known by. */
export interface ConnectionFacts {
  readonly id: string;
  readonly route: RouteRef;
  readonly clientAddress: string;
  readonly lease: Lease;
  readonly subprotocol: string;
  /** The request's, which the connection takes over; `null` when nothing is in it. */
  readonly locals: Locals | null;
}

/** Who is told when a connection has ended. */
export interface Reporting {
  readonly observer: Pick<Observer, 'ended'>;
  readonly logger: Logger;
}

/** A relay with a name. There may be very many, so it holds no more than it is asked for, and nothing of its request. */
export class ForwardedConnection implements Connection, RelayOwner {
  readonly id: string;
  readonly route: RouteRef;
  readonly clientAddress: string;
  readonly subprotocol: string;
  /** Its claim on its endpoint. */
  #lease: Lease;
  readonly #relay: Relay;
  readonly #reporting: Reporting;
  /** For whoever asked the exchange to be told. `null` until the relay has started. */
  #exchangeEnded: ((result: RelayResult) => void) | null = null;
  #locals: Locals | null;
  #tags: Set<string> | null = null;

  constructor(
    facts: ConnectionFacts,
    startRelay: (owner: RelayOwner) => Relay,
    client: Pick<AcceptedLeg, 'relayedBy'>,
    reporting: Reporting,
  ) {
    this.id = facts.id;
    this.route = facts.route;
    this.clientAddress = facts.clientAddress;
    this.#lease = facts.lease;
    this.subprotocol = facts.subprotocol;
    this.#locals = facts.locals;
    this.#reporting = reporting;
    this.#relay = startRelay(this);
    this.#exchangeEnded = client.relayedBy(this);
  }

  get endpoint(): string {
    return this.#lease.member.name;
  }

  get locals(): Locals {
    this.#locals ??= new Map();
    return this.#locals;
  }

  get tags(): Set<string> {
    this.#tags ??= new Set();
    return this.#tags;
  }

  get ended(): Promise<RelayResult> {
    return this.#relay.result;
  }

  stats(): RelayStats {
    return this.#relay.stats();
  }

  send(to: Side, message: Message): ReturnType<Relay['send']> {
    return this.#relay.send(to, message);
  }

  close(cause: GatewayCause, how?: CloseHow): void {
    this.#relay.close(cause, how);
  }

  terminate(): void {
    this.#relay.terminate();
  }

  /** Gives its claim on its endpoint back. */
  leaveEndpoint(): void {
    this.#lease.release();
  }

  /** Another endpoint took it over. */
  moveTo(lease: Lease): void {
    this.#lease = lease;
  }

  relayEnded(result: RelayResult): void {
    this.#lease.release();
    if (this.#exchangeEnded === null) return;
    const { observer, logger } = this.#reporting;
    try {
      observer.ended(this, result);
      this.#exchangeEnded(result);
    } catch (err) {
      logger.error({ id: this.id, err }, 'a plugin threw when it was told how a connection ended');
    }
  }
}
