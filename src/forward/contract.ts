import type { LookupFunction } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Connection } from '../base/connection.ts';
import type { Logger } from '../base/logger.ts';
import type { Observer } from '../base/observer.ts';
import type { RelayEngine } from '../base/relay.ts';
import type { Exchange } from '../http/exchange.ts';
import type { Dial } from '../upstream/dial.ts';
import type { EndpointStats } from '../upstream/pool/pool.ts';
import type { ForwardOptions } from './options.ts';

/** What forwarding works with. */
export interface ForwardParts {
  readonly engine: RelayEngine;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Hears of each connection when it is opened and when it has ended. Refusals are the listener's to report. */
  readonly observer: Observer;
  /** Ends connections whose endpoint has gone, politely. */
  readonly drain: (connections: readonly Connection[]) => void;
  /** Default: the system's, each answer shared for a second. */
  readonly lookup?: LookupFunction;
  /** Default: a dial of its own. */
  readonly dial?: Dial;
}

/**
 * Forwards an upgrade to an upstream and relays it. The client is always answered: with the upstream's 101 (then the
 * connection is returned), with the upstream's refusal, or with a problem (then `null`). Rejects only when the exchange
 * was answered before, or cannot be.
 */
export type Forward = (exchange: Exchange, options: ForwardOptions) => Promise<Connection | null>;

/** Forwards to the endpoints of one set of options, and keeps account of them. */
export interface Forwarder {
  /** As `Forward`, with the forwarder's options. */
  forward(exchange: Exchange): Promise<Connection | null>;
  /** How its endpoints are at the moment. */
  endpoints(): readonly EndpointStats[];
}

/** A forwarder in the hands of who has to end it. */
export interface OwnedForwarder extends Forwarder {
  /** Ends health checks and look-ups. Connections stay, and it may still be used. */
  stop(): void;
}

export interface Forwarding {
  readonly forward: Forward;
  /**
   * Prepares options once and starts looking after their endpoints.
   * @throws {ConfigError} when they cannot work; paths are those of the options.
   */
  forwarder(options: ForwardOptions, logger: Logger): OwnedForwarder;
}
