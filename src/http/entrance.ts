import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { createHttpServer, type HttpServer, type ServerTimeouts, TCP_OPTIONS } from './http-server.ts';
import { ProxiedSockets } from './proxied-sockets.ts';
import type { ProxiedSource } from './proxy-header.ts';
import { createReplayServer } from './replay-server.ts';
import { type ListenerTls, SecureServer } from './secure-server.ts';
import type { Trust } from './trust.ts';

export interface EntranceParts {
  readonly timeouts: ServerTimeouts;
  /** `null` for plain HTTP. */
  readonly tls: ListenerTls | null;
  /** Whose connections begin with a PROXY header; `null` when none do. Asked at each connection. */
  readonly proxies: Trust | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The way of a new connection to the HTTP server, stage by stage:
 *
 *     TCP ─▶ PROXY header ─▶ TLS handshake ─▶ HTTP
 *
 * The first stage there is listens. Without the two in the middle that is the HTTP server itself.
 */
export class Entrance {
  /** What listens. */
  readonly server: Server;
  readonly http: HttpServer;
  readonly #secure: SecureServer | null;
  readonly #proxied: ProxiedSockets | null;

  /** @throws `WSFW_TLS_FILE` when the certificate or key cannot be used. */
  constructor({ timeouts, tls, proxies, clock, logger }: EntranceParts) {
    const direct = tls === null && proxies === null;
    this.http = direct ? createHttpServer(timeouts) : createReplayServer(timeouts, clock);
    const toHttp = (socket: Duplex): void => this.again(socket);
    const secure = tls === null ? null : new SecureServer(tls, timeouts.readTimeoutMs, clock, toHttp);
    const inside: Server = secure?.server ?? this.http.server;
    const pass = (socket: Socket): void => void inside.emit('connection', socket);
    this.#secure = secure;
    this.#proxied =
      proxies === null
        ? null
        : new ProxiedSockets({ trust: proxies, readTimeoutMs: timeouts.readTimeoutMs, clock, logger, pass });
    this.server = this.#proxied === null ? inside : createTcpServer(TCP_OPTIONS, this.#proxied.take);
  }

  /** Takes a socket on which a request is to be read as if it had just been opened. */
  again(socket: Duplex): void {
    this.http.server.emit('connection', socket);
  }

  /** Whose connection it is, if a proxy has said so. */
  sourceOf(socket: Duplex): ProxiedSource | null {
    return this.#proxied?.sourceOf(socket) ?? null;
  }

  /**
   * Goes on with other timeouts and another certificate, for connections and requests to come.
   * @throws `WSFW_TLS_FILE`; nothing has changed then.
   */
  configure(timeouts: ServerTimeouts, tls: ListenerTls | null): void {
    if (tls !== null) this.#secure?.configure(tls, timeouts.readTimeoutMs);
    this.#proxied?.configure(timeouts.readTimeoutMs);
    this.http.setTimeouts(timeouts);
  }

  /** Whether there are connections that have not come as far as HTTP. */
  get hasWaiting(): boolean {
    return (this.#proxied?.waiting ?? 0) + (this.#secure?.waiting ?? 0) > 0;
  }

  /** Ends the connections that have not come as far as HTTP. */
  destroyWaiting(): void {
    this.#proxied?.destroyWaiting();
    this.#secure?.destroyWaiting();
  }
}
