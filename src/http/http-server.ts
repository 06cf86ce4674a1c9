import { createServer, type Server } from 'node:http';
import { HIGH_WATER_MARK_BYTES, MAX_HEAD_BYTES, READ_TIMEOUT_CHECK_MS, TCP_KEEP_ALIVE_MS } from './limits.ts';

/** Of every socket that is accepted, whichever server does it. */
export const TCP_OPTIONS = {
  highWaterMark: HIGH_WATER_MARK_BYTES,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  // RFC 9112 §9.6 wants half-closing.
  allowHalfOpen: true,
} as const;

/** Milliseconds. `0` switches one off. */
export interface ServerTimeouts {
  /** For a request to be complete. */
  readonly readTimeoutMs: number;
  /** For the next request on a kept-alive connection. */
  readonly idleTimeoutMs: number;
}

/** A server, and how to go on with other settings. */
export interface HttpServer {
  readonly server: Server;
  /** Sets what holds from the next request on. */
  setTimeouts(timeouts: ServerTimeouts): void;
}

/** An HTTP server with every limit set and no listener yet. */
export function createHttpServer({ readTimeoutMs, idleTimeoutMs }: ServerTimeouts): HttpServer {
  const server = createServer({
    ...TCP_OPTIONS,
    maxHeaderSize: MAX_HEAD_BYTES,
    headersTimeout: readTimeoutMs,
    requestTimeout: readTimeoutMs,
    connectionsCheckingInterval: READ_TIMEOUT_CHECK_MS,
    keepAliveTimeout: idleTimeoutMs,
    // We check Host ourselves, for upgrades too, and answer with a problem.
    requireHostHeader: false,
  });
  // Node would drop headers beyond 2,000 without a word; MAX_HEAD_BYTES is limit enough.
  server.maxHeadersCount = 0;
  return {
    server,
    setTimeouts(later) {
      server.headersTimeout = later.readTimeoutMs;
      server.requestTimeout = later.readTimeoutMs;
      server.keepAliveTimeout = later.idleTimeoutMs;
    },
  };
}
