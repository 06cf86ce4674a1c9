import type { Duplex } from 'node:stream';

/** One side of a WebSocket connection after its handshake, whatever carries it: TCP, TLS, an HTTP/2 stream. */
export interface Leg {
  /** Paused: whoever takes it over listens to it, then resumes it. */
  readonly stream: Duplex;
  /** Bytes that arrived with or right after the handshake and belong to the WebSocket stream. May be empty. */
  readonly head: Uint8Array;
  /** The agreed subprotocol, or `''`. */
  readonly subprotocol: string;
  /** The agreed `Sec-WebSocket-Extensions`, or `''`. */
  readonly extensions: string;
}
