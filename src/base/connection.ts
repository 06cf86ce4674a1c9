import type { Relay, RelayResult, RelayStats } from './relay.ts';
import type { RouteRef } from './route.ts';

/** Values that plugins keep with a request and its connection. Use symbols, or names with your plugin's prefix. */
export type Locals = Map<string | symbol, unknown>;

/** A forwarded connection, for as long as it lives: what drains, operators and plugins hold on to. */
export interface Connection {
  /** The request id of its handshake. */
  readonly id: string;
  readonly route: RouteRef;
  readonly clientAddress: string;
  /** The endpoint that took it, as configured; with its address if a name was resolved. Never shown to a client. */
  readonly endpoint: string;
  readonly subprotocol: string;
  readonly locals: Locals;
  readonly tags: Set<string>;
  /** Resolves when both sockets are released. Never rejects. */
  readonly ended: Promise<RelayResult>;
  stats(): RelayStats;
  send: Relay['send'];
  close: Relay['close'];
  terminate: Relay['terminate'];
}
