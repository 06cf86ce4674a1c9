import type { Duplex } from 'node:stream';
import type { Cancel, Clock } from '../base/clock.ts';
import { createHttpServer, type HttpServer, type ServerTimeouts } from './http-server.ts';

/** What a socket is watched with. */
interface Watch {
  cancel: Cancel;
  /** Requests whose answer is not complete. */
  unanswered: number;
  /** Whether an upgrade took the socket away. */
  upgraded: boolean;
}

const requestTimeout = (): Error =>
  Object.assign(new Error('the request was not complete in time'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });

/**
 * A server that never listens, for sockets that were opened elsewhere. Node watches over slow requests only where it
 * listens, so this one has deadlines of its own: for a request to be read, and from an answer to the next request.
 */
export function createReplayServer(settings: ServerTimeouts, clock: Clock): HttpServer {
  let timeouts = settings;
  const http = createHttpServer(settings);
  const { server } = http;
  const watches = new WeakMap<Duplex, Watch>();
  const arm = (socket: Duplex, watch: Watch, ms: number) => {
    watch.cancel();
    watch.cancel = () => {};
    if (ms > 0 && !socket.destroyed)
      watch.cancel = clock.after(ms, () => server.emit('clientError', requestTimeout(), socket));
  };
  // One function for all sockets, since some keep it for days.
  function onClose(this: Duplex): void {
    watches.get(this)?.cancel();
  }
  server.on('connection', (socket) => {
    const watch: Watch = watches.get(socket) ?? { cancel: () => {}, unanswered: 0, upgraded: false };
    // One that is replayed again is watched already.
    if (!watches.has(socket)) socket.once('close', onClose);
    watches.set(socket, watch);
    watch.upgraded = false;
    arm(socket, watch, timeouts.readTimeoutMs);
  });
  server.on('request', (request, response) => {
    const { socket } = request;
    const watch = watches.get(socket);
    if (watch === undefined) return;
    watch.unanswered++;
    arm(socket, watch, timeouts.readTimeoutMs);
    // It may close behind its answer; then the next one is awaited already.
    request.once('close', () => {
      if (watch.unanswered > 0) watch.cancel();
    });
    response.once('close', () => {
      watch.unanswered--;
      if (watch.unanswered === 0 && !watch.upgraded) arm(socket, watch, untilNextMs(timeouts));
    });
  });
  server.on('upgrade', (_request, socket) => {
    const watch = watches.get(socket);
    if (watch === undefined) return;
    watch.upgraded = true;
    watch.cancel();
  });
  return {
    ...http,
    setTimeouts(later) {
      timeouts = later;
      http.setTimeouts(later);
    },
  };
}

function untilNextMs({ readTimeoutMs, idleTimeoutMs }: ServerTimeouts): number {
  return readTimeoutMs === 0 || idleTimeoutMs === 0 ? 0 : readTimeoutMs + idleTimeoutMs;
}
