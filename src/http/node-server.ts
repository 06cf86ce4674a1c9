import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as SecureServer } from 'node:https';
import { WsfwError } from '../base/errors.ts';
import { HIGH_WATER_MARK_BYTES, MAX_HEAD_BYTES, READ_TIMEOUT_CHECK_MS, TCP_KEEP_ALIVE_MS } from './limits.ts';

/** Node's timers take 24.8 days at most. */
const MAX_TIMER_MS = 2 ** 31 - 1;

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

/** A server, and how to go on with other settings. */
export interface NodeServer {
  readonly server: Server;
  /** Sets what holds from the next request on. */
  setTimeouts(timeouts: ServerTimeouts): void;
  /**
   * Shows another certificate from the next TLS handshake on. Not for plain HTTP.
   * @throws `WSFW_TLS_FILE` when the certificate or key cannot be used.
   */
  setTls(tls: ListenerTls): void;
}

/**
 * An HTTP or HTTPS server with every limit set and no listener yet.
 * @throws `WSFW_TLS_FILE` when the certificate or key cannot be used.
 */
export function createNodeServer(timeouts: ServerTimeouts, tls: ListenerTls | null): NodeServer {
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
  const secure = tls === null ? null : useTls(() => createSecureServer(options, tls));
  const server: Server = secure ?? createServer(options);
  // Node would drop headers beyond 2,000 without a word; MAX_HEAD_BYTES is limit enough.
  server.maxHeadersCount = 0;
  return {
    server,
    setTimeouts({ readTimeoutMs, idleTimeoutMs }) {
      server.headersTimeout = readTimeoutMs;
      server.requestTimeout = readTimeoutMs;
      server.keepAliveTimeout = idleTimeoutMs;
    },
    setTls: (other) => useTls(() => secure?.setSecureContext({ cert: other.cert, key: other.key })),
  };
}

function createSecureServer(options: object, { cert, key }: ListenerTls): SecureServer {
  // RFC 9112 §9.6 wants half-closing, which Node's HTTP server allows and its HTTPS server does not by itself. The
  // deadline for TLS handshakes is ours, since Node's cannot be changed later.
  return createTlsServer({ ...options, handshakeTimeout: MAX_TIMER_MS, cert, key, allowHalfOpen: true });
}

function useTls<T>(use: () => T): T {
  try {
    return use();
  } catch (cause) {
    throw new WsfwError('WSFW_TLS_FILE', `the certificate or its key cannot be used: ${messageOf(cause)}`, {
      cause,
    });
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
