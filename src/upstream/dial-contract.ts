import type { Readable } from 'node:stream';
import type { HeaderList } from '../base/header-list.ts';
import type { Leg } from '../base/leg.ts';
import type { Withdrawable } from '../base/withdrawal.ts';
import type { Endpoint } from './endpoint.ts';
import type { TlsProfile } from './open-socket.ts';
import type { UpgradeRequest } from './request-head.ts';

/** An opening handshake, where it goes and how long it may take. */
export interface DialRequest extends UpgradeRequest {
  readonly endpoint: Endpoint;
  /** `null` for `ws://`. */
  readonly tls: TlsProfile | null;
  /** Milliseconds for look-up, TCP and TLS. */
  readonly connectTimeoutMs: number;
  /** The clock's time at which the head of the answer has to be there. */
  readonly deadlineMs: number;
  /** Milliseconds for which the body of a refusal may stand still. */
  readonly stallMs: number;
  /** Told of when nobody waits for the answer any more. */
  readonly withdrawal: Withdrawable;
}

/** What an upstream made of an opening handshake. */
export type DialOutcome =
  /**
   * A valid 101. `leg.stream` carries no listener but one for errors, and reads only its high-water mark until it is
   * taken over: it may have been destroyed by then, and its `end` comes only once somebody reads it.
   */
  | { readonly kind: 'accepted'; readonly leg: Leg; readonly headers: HeaderList }
  /** Anything else. The body has to be read or destroyed; either way its socket is then gone. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: HeaderList;
      readonly body: Readable;
    };

/**
 * Opens a connection to an endpoint and asks for a WebSocket (RFC 6455 §4.1).
 * @throws WsfwError `WSFW_UPSTREAM_UNREACHABLE`, `WSFW_UPSTREAM_TLS`, `WSFW_UPSTREAM_INVALID`,
 * `WSFW_UPSTREAM_CONNECT_TIMEOUT`, `WSFW_UPSTREAM_HANDSHAKE_TIMEOUT`, `WSFW_OVERLOADED` when the machine is out of
 * ports or descriptors, `WSFW_CLIENT_LEFT` when the request was withdrawn, `WSFW_BAD_TARGET` or `WSFW_PLUGIN_THREW` when
 * there is something in the request that must not be sent. No socket is left after any of them.
 */
export type Dial = (request: DialRequest) => Promise<DialOutcome>;
