import type { Connection } from '../base/connection.ts';
import type { Observer } from '../base/observer.ts';

/** Counters of one gateway. `opened` is always `ended` plus `connections`. */
export interface GatewayStats {
  /** Connections that are open now. */
  readonly connections: number;
  /** Connections since the start. */
  readonly opened: number;
  readonly ended: number;
  /** Handshakes that did not become a connection. */
  readonly refused: number;
  /** Open connections that have no upstream at the moment and are held until another takes over. */
  readonly held: number;
  /** How often another upstream took a held connection over. */
  readonly resumed: number;
  /** Handshakes that nobody has answered yet. */
  readonly pendingHandshakes: number;
  /** Milliseconds until the last of the connections that are being drained is told to close; 0 when none is. */
  readonly drainMs: number;
}

/** Holds every open connection of one gateway, and counts. */
export class Registry implements Observer {
  readonly #connections = new Set<Connection>();
  #opened = 0;
  #ended = 0;
  #refused = 0;
  readonly #held = new Set<Connection>();
  #resumed = 0;

  opened(connection: Connection): void {
    this.#connections.add(connection);
    this.#opened++;
  }

  ended(connection: Connection): void {
    this.#connections.delete(connection);
    this.#held.delete(connection);
    this.#ended++;
  }

  held(connection: Connection): void {
    this.#held.add(connection);
  }

  resumed(connection: Connection): void {
    this.#held.delete(connection);
    this.#resumed++;
  }

  refused(): void {
    this.#refused++;
  }

  /** The open connections, oldest first. */
  connections(): IterableIterator<Connection> {
    return this.#connections.values();
  }

  stats(): Omit<GatewayStats, 'pendingHandshakes' | 'drainMs'> {
    return {
      connections: this.#connections.size,
      opened: this.#opened,
      ended: this.#ended,
      refused: this.#refused,
      held: this.#held.size,
      resumed: this.#resumed,
    };
  }
}
