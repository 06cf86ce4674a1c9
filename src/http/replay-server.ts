import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Cancel, Clock } from '../base/clock.ts';
import { createNodeServer, type ServerTimeouts } from './node-server.ts';

/**
 * A server that never listens, for sockets that were opened elsewhere. Node watches over slow requests only where it
 * listens, so this one has deadlines of its own: for a request to be read, and from an answer to the next request.
 */
export function createReplayServer(timeouts: ServerTimeouts, clock: Clock): Server {
  const { readTimeoutMs, idleTimeoutMs } = timeouts;
  const server = createNodeServer(timeouts, null);
  const deadlines = new WeakMap<Duplex, Cancel>();
  const arm = (socket: Duplex, ms: number) => {
    deadlines.get(socket)?.();
    if (ms > 0 && !socket.destroyed)
      deadlines.set(
        socket,
        clock.after(ms, () => socket.destroy()),
      );
  };
  const disarm = (socket: Duplex) => arm(socket, 0);
  server.on('connection', (socket) => {
    arm(socket, readTimeoutMs);
    socket.once('close', () => disarm(socket));
  });
  server.on('request', (request, response) => {
    const { socket } = request;
    if (request.complete) disarm(socket);
    else request.once('close', () => disarm(socket));
    response.once('close', () =>
      arm(socket, readTimeoutMs === 0 || idleTimeoutMs === 0 ? 0 : readTimeoutMs + idleTimeoutMs),
    );
  });
  server.on('upgrade', (_request, socket) => disarm(socket));
  return server;
}
