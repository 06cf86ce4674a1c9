import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { WsfwError } from '../base/errors.ts';
import { HIGH_WATER_MARK_BYTES, MAX_HEAD_BYTES, READ_TIMEOUT_CHECK_MS, TCP_KEEP_ALIVE_MS } from './limits.ts';

/** Certificate chain and key, in PEM. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
}

/** Milliseconds. `0` switches one off. */
export interface ServerTimeouts {
  /** For a request to be complete. */
  readonly readTimeoutMs: number;
  /** For the next request on a kept-alive connection. */
  readonly idleTimeoutMs: number;
}

/**
 * An HTTP or HTTPS server with every limit set and no listener yet.
 * @throws `WSFW_TLS_FILE` when the certificate or key cannot be used.
 */
export function createNodeServer(timeouts: ServerTimeouts, tls: ListenerTls | null): Server {
  const options = {
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: timeouts.readTimeoutMs,
    requestTimeout: timeouts.readTimeoutMs,
    connectionsCheckingInterval: READ_TIMEOUT_CHECK_MS,
    keepAliveTimeout: timeouts.idleTimeoutMs,
    // We check Host ourselves, for upgrades too, and answer with a problem.
    requireHostHeader: false,
    highWaterMark: HIGH_WATER_MARK_BYTES,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  };
  const server = tls === null ? createServer(options) : createSecureServer(options, timeouts, tls);
  // Node would drop headers beyond 2,000 without a word; MAX_HEAD_BYTES is limit enough.
  server.maxHeadersCount = 0;
  return server;
}

function createSecureServer(options: object, { readTimeoutMs }: ServerTimeouts, tls: ListenerTls): Server {
  try {
    const handshake = readTimeoutMs === 0 ? {} : { handshakeTimeout: readTimeoutMs };
    // RFC 9112 §9.6 wants half-closing, which Node's HTTP server allows and its HTTPS server does not by itself.
    return createTlsServer({ ...options, ...handshake, ...tls, allowHalfOpen: true });
  } catch (cause) {
    throw new WsfwError('WSFW_TLS_FILE', `the certificate or its key cannot be used: ${messageOf(cause)}`, {
      cause,
    });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
