import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { buildFrames, type FrameSpec } from './build-frames.ts';
import { DEADLINE_MS, within } from './deadline.ts';
import { formatHead, type HttpHead, headerOf } from './http-head.ts';
import { acceptValue } from './raw-client.ts';
import { RawConnection } from './raw-connection.ts';

/** How the upstream answers a handshake. */
export interface HandshakeScript {
  /** Answers only once this has resolved. */
  readonly after?: Promise<unknown>;
  /** Default 101. */
  readonly status?: number;
  /** `Sec-WebSocket-Accept`; the right one by default, `null` for none. */
  readonly accept?: string | null;
  /** Added to the answer. */
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
  /** In the same segment as the answer. */
  readonly firstFrames?: readonly FrameSpec[];
  /** The whole answer, in place of all of the above. */
  readonly raw?: string | Uint8Array;
  /** Resets when the connection was taken, when the request was read, when the answer was flushed, or in its middle. */
  readonly resetAt?: 'connection' | 'request' | 'answer' | 'mid-answer';
}

export interface RawUpstreamOptions {
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly tls?: TlsOptions;
  /** For every connection; `manual` leaves the request to the test. Default: a plain 101. */
  readonly handshake?: HandshakeScript | 'manual';
  readonly deadlineMs?: number;
}

/** A connection that the upstream took, with the request that it read from it. */
export type UpstreamConnection = RawConnection & { request: HttpHead | null };

/** A scripted upstream server in a test's hand. */
export class RawUpstream {
  readonly server: Server;
  /** Every connection it took, the open ones and the ended ones. */
  readonly connections: UpstreamConnection[] = [];
  /** How the next handshakes are answered. */
  handshake: HandshakeScript | 'manual';
  readonly #deadlineMs: number;
  readonly #secure: boolean;
  /** The sockets below TLS, by the peer's port. */
  readonly #tcp = new Map<number | undefined, Socket>();
  #ready: UpstreamConnection[] = [];
  #waiting: ((connection: UpstreamConnection) => void)[] = [];

  constructor(server: Server, options: RawUpstreamOptions) {
    this.server = server;
    this.handshake = options.handshake ?? {};
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.#secure = options.tls !== undefined;
    if (this.#secure) {
      server.on('connection', (tcp) =>
        this.#tcp.set(
          tcp.remotePort,
          tcp.on('error', () => undefined),
        ),
      );
      server.on('secureConnection', (socket: Socket) => void this.#take(socket));
    } else {
      server.on('connection', (socket) => void this.#take(socket));
    }
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** `ws://127.0.0.1:PORT/path`, or `wss://localhost:…` when it speaks TLS. */
  url(path = '/'): string {
    return `${this.#secure ? 'wss://localhost' : 'ws://127.0.0.1'}:${this.port}${path}`;
  }

  /** The next connection whose handshake was answered as scripted; with `manual`, as soon as it is taken. */
  next(): Promise<UpstreamConnection> {
    const ready = this.#ready.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    const next = new Promise<UpstreamConnection>((resolve) => this.#waiting.push(resolve));
    return within(next, 'connection to the upstream', this.#deadlineMs);
  }

  /** Stops listening and drops what is open. */
  async close(): Promise<void> {
    const closed: Promise<unknown> = this.server.listening ? once(this.server, 'close') : Promise.resolve();
    this.server.close();
    for (const connection of this.connections) connection.destroy();
    // Those whose TLS handshake came to nothing are no connections.
    for (const tcp of this.#tcp.values()) tcp.destroy();
    await within(closed, 'close of the upstream', this.#deadlineMs);
  }

  async #take(socket: Socket): Promise<void> {
    socket.setNoDelay(true);
    const raw = new RawConnection(socket, 'upstream', this.#deadlineMs, this.#tcp.get(socket.remotePort));
    const connection = Object.assign(raw, { request: null });
    this.connections.push(connection);
    try {
      if (this.handshake !== 'manual') await answerHandshake(connection, this.handshake);
    } catch {
      // The gateway left during the handshake; the test sees that at the connection.
    }
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#ready.push(connection);
    else waiting(connection);
  }
}

export async function startRawUpstream(options: RawUpstreamOptions = {}): Promise<RawUpstream> {
  const server =
    options.tls === undefined
      ? createServer({ allowHalfOpen: true })
      : createTlsServer({ ...options.tls, allowHalfOpen: true } as TlsOptions);
  server.on('tlsClientError', () => undefined);
  const upstream = new RawUpstream(server, options);
  server.listen(options.port ?? 0, options.host ?? (options.tls === undefined ? '127.0.0.1' : 'localhost'));
  await within(once(server, 'listening'), 'listening upstream');
  return upstream;
}

/** Reads the request of a handshake and answers it as scripted. */
export async function answerHandshake(
  connection: UpstreamConnection,
  script: HandshakeScript = {},
): Promise<HttpHead> {
  if (script.resetAt === 'connection') return dropped(connection);
  const request = await connection.readHead();
  connection.request = request;
  await script.after;
  if (script.resetAt === 'request') return dropped(connection, request);
  const answer = answerTo(request, script);
  if (script.resetAt === 'mid-answer') {
    await flushed(connection, answer.subarray(0, 20));
    return dropped(connection, request);
  }
  await flushed(connection, answer);
  if (script.resetAt === 'answer') return dropped(connection, request);
  if (answer.includes('permessage-deflate')) connection.expectDeflate();
  return request;
}

function answerTo(request: HttpHead, script: HandshakeScript): Buffer {
  if (script.raw !== undefined) return Buffer.from(script.raw);
  const status = script.status ?? 101;
  const own: [string, string][] = [];
  if (status === 101) {
    own.push(['Upgrade', 'websocket'], ['Connection', 'Upgrade']);
    const accept =
      script.accept === undefined ? acceptValue(headerOf(request, 'sec-websocket-key') ?? '') : script.accept;
    if (accept !== null) own.push(['Sec-WebSocket-Accept', accept]);
  } else {
    own.push(['Content-Length', String(Buffer.byteLength(script.body ?? ''))]);
  }
  const head = formatHead({
    startLine: `HTTP/1.1 ${status} Scripted`,
    headers: [...own, ...(script.headers ?? [])],
  });
  return Buffer.concat([Buffer.from(head + (script.body ?? '')), buildFrames(script.firstFrames ?? [])]);
}

function flushed(connection: RawConnection, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.socket.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

function dropped(connection: RawConnection, request: HttpHead = { startLine: '', headers: [] }): HttpHead {
  connection.reset();
  return request;
}
