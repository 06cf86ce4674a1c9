import type { Socket } from 'node:net';
import type { Cancel, Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { ACCEPT_WARNING_EVERY_MS } from './limits.ts';
import { type ProxiedSource, readProxyHeader } from './proxy-header.ts';
import { connectionKey } from './tls-handshakes.ts';
import type { Trust } from './trust.ts';
import { adopt } from './undecided-socket.ts';

export interface ProxiedSocketsParts {
  /** Whose headers are believed. Other peers speak for themselves, so nothing of theirs is taken for a header. */
  readonly trust: Trust;
  /** How long a header may take; `0` for as long as it likes. */
  readonly readTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes a socket when its header has been read. */
  readonly pass: (socket: Socket) => void;
}

/** Connections of load balancers that say with a PROXY header whose they are. */
export class ProxiedSockets {
  readonly #parts: ProxiedSocketsParts;
  #readTimeoutMs: number;
  readonly #waiting = new Set<Socket>();
  readonly #sources = new Map<string, ProxiedSource>();
  #quietUntil = 0;

  constructor(parts: ProxiedSocketsParts) {
    this.#parts = parts;
    this.#readTimeoutMs = parts.readTimeoutMs;
  }

  /** Goes on with another deadline for headers to come. */
  configure(readTimeoutMs: number): void {
    this.#readTimeoutMs = readTimeoutMs;
  }

  /** How many have not sent their whole header. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whose connection the balancer says it is; `null` when it is the peer's own. */
  sourceOf(socket: object): ProxiedSource | null {
    return this.#sources.get(connectionKey(socket)) ?? null;
  }

  /** Reads the header of a new connection, and passes the socket on. One that has none, or is late, ends. */
  readonly take = (socket: Socket): void => {
    if (!this.#parts.trust(socket.remoteAddress ?? '')) {
      this.#parts.pass(socket);
      return;
    }
    adopt(socket);
    this.#waiting.add(socket);
    const cancel = this.#deadline(socket);
    let seen: Buffer = Buffer.alloc(0);
    const over = (): void => {
      cancel();
      this.#waiting.delete(socket);
      socket.off('readable', read);
      socket.off('end', leave);
      socket.off('close', over);
    };
    const leave = (): void => {
      over();
      socket.destroy();
    };
    const read = (): void => {
      const chunk: unknown = socket.read();
      if (!Buffer.isBuffer(chunk)) return;
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
      const header = readProxyHeader(seen);
      if (header.kind === 'incomplete') return;
      over();
      if (header.kind === 'invalid') this.#refuse(socket, header.detail);
      else this.#pass(socket, header.source, seen.subarray(header.bytes));
    };
    socket.on('readable', read);
    socket.on('end', leave);
    socket.on('close', over);
  };

  /** Ends the connections whose header has not come. */
  destroyWaiting(): void {
    for (const socket of [...this.#waiting]) socket.destroy();
  }

  #deadline(socket: Socket): Cancel {
    if (this.#readTimeoutMs === 0) return () => {};
    return this.#parts.clock.after(this.#readTimeoutMs, () =>
      this.#refuse(socket, 'it did not come in time'),
    );
  }

  #pass(socket: Socket, source: ProxiedSource | null, rest: Buffer): void {
    if (source !== null) {
      const key = connectionKey(socket);
      this.#sources.set(key, source);
      socket.once('close', () => {
        // Another connection may have taken the port since.
        if (this.#sources.get(key) === source) this.#sources.delete(key);
      });
    }
    if (rest.length > 0) socket.unshift(rest);
    this.#parts.pass(socket);
  }

  /** There is no HTTP to answer in yet, and the balancer could not read it. */
  #refuse(socket: Socket, detail: string): void {
    const { clock, logger } = this.#parts;
    const peer = socket.remoteAddress ?? 'unknown';
    socket.destroy();
    if (clock.now() < this.#quietUntil) return;
    this.#quietUntil = clock.now() + ACCEPT_WARNING_EVERY_MS;
    logger.warn({ peer, detail }, 'a connection of a trusted proxy came without a proper PROXY header');
  }
}
