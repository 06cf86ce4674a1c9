import type { Connection } from './connection.ts';
import type { RelayResult } from './relay.ts';
import type { RouteRef } from './route.ts';

/** A handshake that did not become a connection. */
export interface Refusal {
  readonly id: string;
  readonly route: RouteRef | null;
  readonly clientAddress: string;
  /** Status of the answer; `0` when the client left before it could be answered. */
  readonly status: number;
  /** Why, for operators. Never shown to a client. */
  readonly reason: string;
  readonly error?: Error;
}

/** Hears what happens. Each connection is opened once and ended once; each refused handshake is refused once. */
export interface Observer {
  opened(connection: Connection): void;
  /** The connection has lost its upstream and is held until another takes over. Only with `hold`. */
  held?(connection: Connection, detail: string): void;
  /** Another upstream took over, after so many milliseconds. */
  resumed?(connection: Connection, heldMs: number): void;
  ended(connection: Connection, result: RelayResult): void;
  refused(refusal: Refusal): void;
}
