import type { Clock } from '../base/clock.ts';
import type { Connection } from '../base/connection.ts';
import type { LogFields, Logger } from '../base/logger.ts';
import type { Observer, Refusal } from '../base/observer.ts';
import type { RelayResult, SideStats } from '../base/relay.ts';

/** When an upstream restarts a thousand connections may be held at once: one line in so many milliseconds is for everybody. */
const SPARING_MS = 1000;

const MAX_SUBPROTOCOL_CHARACTERS = 32;

/**
 * Writes one line a closed connection and one a refused handshake. No line has a request's path, query or header
 * values, nor a subprotocol that may be a credential: browsers have no other place for one.
 */
export class Journal implements Observer {
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** When a message was last written for everybody. */
  readonly #writtenAt = new Map<string, number>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  opened(connection: Connection): void {
    if (!this.#writes('debug')) return;
    this.#logger.debug(identityOf(connection), 'connection opened');
  }

  held(connection: Connection, detail: string): void {
    this.#writeSparingly(connection, { detail }, 'connection held: it has lost its upstream');
  }

  resumed(connection: Connection, heldMs: number): void {
    this.#writeSparingly(
      connection,
      { heldMs: Math.round(heldMs) },
      'connection resumed by another upstream',
    );
  }

  #writeSparingly(connection: Connection, fields: LogFields, message: string): void {
    const now = this.#clock.now();
    const isDue = now - (this.#writtenAt.get(message) ?? Number.NEGATIVE_INFINITY) >= SPARING_MS;
    const level = isDue ? 'info' : 'debug';
    if (!this.#writes(level)) return;
    if (isDue) this.#writtenAt.set(message, now);
    this.#logger[level]({ ...identityOf(connection), ...fields }, message);
  }

  ended(connection: Connection, result: RelayResult): void {
    if (!this.#writes('info')) return;
    const { cause, side, detail, durationMs, client, upstream, hold, error } = result;
    const fields = {
      ...identityOf(connection),
      cause,
      ...(side === null ? {} : { side }),
      ...(detail === '' ? {} : { detail }),
      durationMs: Math.round(durationMs),
      client: sideFields(client),
      upstream: sideFields(upstream),
      ...(hold === undefined ? {} : { resumed: hold.resumed, heldMs: Math.round(hold.heldMs) }),
      ...(error === undefined ? {} : { error: error.message }),
    };
    this.#logger.info(fields, 'connection closed');
  }

  /** Spares the fields of lines that nobody sees. */
  #writes(level: 'debug' | 'info'): boolean {
    return this.#logger.isLevelEnabled?.(level) ?? true;
  }

  refused({ id, route, clientAddress, status, reason, error }: Refusal): void {
    const fields = {
      id,
      ...(route === null ? {} : { route: route.pattern }),
      clientAddress,
      status,
      reason,
      ...(error === undefined || error.message === reason ? {} : { error: error.message }),
    };
    const level = status >= 500 ? 'warn' : 'info';
    this.#logger[level](fields, status === 0 ? 'client left during the handshake' : 'handshake refused');
  }
}

function identityOf({ id, route, clientAddress, endpoint, subprotocol }: Connection): LogFields {
  return {
    id,
    route: route.pattern,
    clientAddress,
    upstreamEndpoint: endpoint,
    ...(isLoggable(subprotocol) ? { subprotocol } : {}),
  };
}

/** Some clients send their token as a subprotocol. */
function isLoggable(subprotocol: string): boolean {
  return (
    subprotocol !== '' &&
    subprotocol.length <= MAX_SUBPROTOCOL_CHARACTERS &&
    /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(subprotocol) &&
    !/^bearer/i.test(subprotocol)
  );
}

function sideFields({ messages, bytes, closeReceived, closeSent, roundTrip }: SideStats): LogFields {
  return {
    messages,
    bytes,
    ...(closeReceived === null ? {} : { closeReceived }),
    ...(closeSent === null ? {} : { closeSent }),
    ...(roundTrip === null
      ? {}
      : { roundTripMs: rounded(roundTrip.meanMs), roundTripMaxMs: rounded(roundTrip.maxMs) }),
  };
}

const rounded = (ms: number): number => Math.round(ms * 100) / 100;
