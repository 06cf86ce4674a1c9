import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { LIMITS } from './limits.ts';
import { closeServer, listenOnLoopback } from './listen.ts';
import { loadPage, pathOf } from './page.ts';
import { Room } from './room.ts';
import { welcomeVisitor } from './visitor.ts';

export interface DemoOptions {
  /** Port of the room and its page, on loopback only. `0` takes any free one. Default 8080. */
  readonly port?: number;
  /** Path of the room's WebSocket. Default `/ws`. */
  readonly path?: string;
  /** Where browsers reach the room through the gateway: `ws://localhost:8090/ws/chat`. */
  readonly gatewayUrl: string;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** A running demo upstream. */
export interface Demo {
  readonly port: number;
  /** The chat page, to be opened in a browser. */
  readonly pageUrl: string;
  /** The room itself, for the gateway to dial. */
  readonly upstreamUrl: string;
  /** How many are in the room. */
  readonly people: number;
  /** Closes every connection (1001), then stops listening. Never rejects; a second call waits for the first. */
  stop(): Promise<void>;
}

/**
 * Starts a small chat room to put behind a gateway, and the page that talks to it through that gateway.
 * @throws WsfwError `WSFW_ADDRESS_IN_USE` or `WSFW_ADDRESS_UNAVAILABLE`, with the port in the message.
 */
export async function startDemo(options: DemoOptions): Promise<Demo> {
  const { port: wanted = 8080, path = '/ws', gatewayUrl, logger, clock } = options;
  const room = new Room(clock);
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIMITS.maxMessageBytes,
    perMessageDeflate: true,
  });
  sockets.on('connection', (socket: WebSocket, request: IncomingMessage) => {
    welcomeVisitor(socket, room, nameIn(request), clock, logger);
  });

  const answer = await loadPage({ gatewayUrl, upstreamPath: path });
  const { port, servers } = await listenOnLoopback(() => {
    const server = createServer(answer);
    server.on('error', (error) => logger.debug({ error: error.message }, 'demo: server failed'));
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      onUpgrade(sockets, path, request, socket, head);
    });
    return server;
  }, wanted);

  let stopped: Promise<void> | null = null;
  return {
    port,
    pageUrl: `http://localhost:${port}/`,
    upstreamUrl: `ws://localhost:${port}${path}`,
    get people() {
      return room.size;
    },
    stop() {
      stopped ??= stop(sockets, servers, clock);
      return stopped;
    },
  };
}

function onUpgrade(
  sockets: WebSocketServer,
  path: string,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  // A peer that resets now must not end the process; Node destroys the socket by itself.
  socket.on('error', () => {});
  if (pathOf(request) === path) {
    sockets.handleUpgrade(request, socket, head, (accepted) => sockets.emit('connection', accepted, request));
    return;
  }
  socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', () =>
    socket.destroy(),
  );
}

/** The name that a client asks for: `/ws?name=Ada`. */
function nameIn(request: IncomingMessage): string {
  const query = (request.url ?? '').split('?', 2)[1] ?? '';
  return new URLSearchParams(query).get('name') ?? '';
}

async function stop(sockets: WebSocketServer, servers: readonly Server[], clock: Clock): Promise<void> {
  // Refuses new handshakes (503) from here on.
  sockets.close();
  const open = [...sockets.clients];
  const closed = Promise.all(open.map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  for (const socket of open) socket.close(1001, 'the demo stops');
  const cancel = clock.after(LIMITS.closeTimeoutMs, () => {
    for (const socket of open) socket.terminate();
  });
  await closed;
  cancel();
  await Promise.all(servers.map(closeServer));
}
