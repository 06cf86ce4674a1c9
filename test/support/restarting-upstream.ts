import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { within } from './deadline.ts';

/** What a server does with a client that has connected. */
export type Serve = (socket: WebSocket, request: IncomingMessage) => void;

/** A server of `ws` that can be taken down, and comes back at its port. It offers compression and every subprotocol. */
export class RestartingUpstream {
  /** Answers handshakes with this status in place of a 101. */
  refusal: number | null = null;
  /** `X-Wsfw-Resumed` and `X-Request-Id` of every handshake. */
  readonly handshakes: { readonly resumed: string | undefined; readonly id: string | undefined }[] = [];
  readonly #serve: Serve;
  #http: Server | null = null;
  #port = 0;
  #sockets: WebSocketServer | null = null;

  constructor(serve: Serve) {
    this.#serve = serve;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#port}/`;
  }

  get clients(): readonly WebSocket[] {
    return [...(this.#sockets?.clients ?? [])];
  }

  async start(): Promise<void> {
    const http = createServer();
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: true });
    sockets.on('connection', (socket, request) => {
      socket.on('error', () => {});
      this.#serve(socket, request);
    });
    http.on('upgrade', (request, socket, head) => {
      // A connection that the old server had taken, and whose handshake comes too late.
      if (this.#http !== http) {
        socket.destroy();
        return;
      }
      this.handshakes.push({
        resumed: request.headers['x-wsfw-resumed'] as string | undefined,
        id: request.headers['x-request-id'] as string | undefined,
      });
      if (this.refusal === null)
        sockets.handleUpgrade(request, socket, head, (opened) => sockets.emit('connection', opened, request));
      else socket.end(`HTTP/1.1 ${this.refusal} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    });
    this.#http = http;
    this.#sockets = sockets;
    await within(
      new Promise<void>((resolve) => http.listen(this.#port, '127.0.0.1', 4096, resolve)),
      'start of the upstream',
    );
    this.#port = (http.address() as AddressInfo).port;
  }

  /** Takes it down: with a close frame of that code, or by cutting its connections. */
  async stop(how: number | 'cut' = 'cut'): Promise<void> {
    const http = this.#http;
    if (http === null) return;
    this.#http = null;
    const closed = new Promise<void>((resolve) => http.close(() => resolve()));
    for (const socket of this.clients) {
      if (how === 'cut') socket.terminate();
      else socket.close(how);
    }
    http.closeIdleConnections();
    await within(closed, 'stop of the upstream');
  }
}

/** Sends every message back. */
export const echo: Serve = (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
};
