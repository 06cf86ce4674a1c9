import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { HeaderList } from '../base/header-list.ts';
import type { Logger } from '../base/logger.ts';
import { asksForWebSocket } from '../websocket/handshake.ts';
import type { Intake } from './intake.ts';
import { ANSWER_TIMEOUT_MS } from './limits.ts';
import type { OpenSockets } from './open-sockets.ts';
import { answerOnSocket, parseFailure } from './parse-failure.ts';
import { headWithoutUpgrade } from './replay.ts';
import { adopt, UndecidedSocket } from './undecided-socket.ts';

export interface DoorParts {
  readonly intake: Intake;
  readonly sockets: OpenSockets;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Takes a socket on which a request is to be read as if it had just been opened. */
  readonly again: (socket: Duplex) => void;
}

/** Answers every event of a Node server that concerns a request. */
export function openDoors(server: Server, parts: DoorParts): void {
  const { intake, sockets, clock } = parts;
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    if (sockets.isFinished(request.socket)) return;
    sockets.began(request.socket, response);
    guard(parts, request.socket, intake.plain(request, response));
  };
  server.on('request', onRequest);
  server.on('checkContinue', (request, response) => {
    if (sockets.isFinished(request.socket)) return;
    // Node would write it into the middle of an answer that waits for an earlier one. No client waits for it for ever
    // (RFC 9110 §10.1.1).
    if (!sockets.isAnswering(request.socket)) response.writeContinue();
    onRequest(request, response);
  });
  // Any Expect but 100-continue is dropped (Node would answer 417 by itself).
  server.on('checkExpectation', onRequest);
  server.on('upgrade', (request, socket, head) => {
    adopt(socket);
    guard(parts, socket, takeUpgrade(parts, request, socket, head));
  });
  server.on('connect', (request, socket, head) => {
    adopt(socket);
    guard(parts, socket, refuseConnect(parts, request, new UndecidedSocket(socket, head)));
  });
  server.on('clientError', (error, socket) => {
    const failure = parseFailure(error);
    if (sockets.isFinished(socket)) return;
    if (failure === null || !socket.writable) {
      socket.destroy();
      return;
    }
    // Whoever answers a request may wait for its body, which does not come: that answer is not waited for.
    const unread = failure.status === 408 ? sockets.answerToUnread(socket) : null;
    if (unread?.headersSent) {
      socket.destroy();
      return;
    }
    sockets.finish(socket);
    const before = unread === null ? settled(parts, socket) : Promise.resolve();
    guard(
      parts,
      socket,
      before.then(() => answerOnSocket(socket, failure, intake.serverHeader, clock)),
    );
  });
}

/** Nothing below is expected to reject. If it does, that one connection pays for it. */
function guard({ logger }: DoorParts, socket: Duplex, work: Promise<void>): void {
  work.catch((error: unknown) => {
    logger.error({ err: error }, 'a request could not be served');
    socket.destroy();
  });
}

async function takeUpgrade(
  parts: DoorParts,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  const { intake, sockets } = parts;
  if (sockets.isFinished(socket)) {
    // Its last answer may still be on the way, and whoever sends it ends the connection.
    socket.resume();
    return;
  }
  const headers = HeaderList.fromRaw(request.rawHeaders);
  const arrival = asksForWebSocket(headers) ? intake.arrive(request, socket, headers) : null;
  // RFC 9110 §7.8: an Upgrade may be ignored, and is where it means nothing to us.
  const ignored = arrival === null || ('match' in arrival.met && !arrival.met.match.upgrades);
  if (!sockets.isAnswering(socket)) {
    if (ignored) return replay(parts, request, socket, head);
    sockets.engage(socket);
    return intake.upgrade(arrival, new UndecidedSocket(socket, head));
  }
  // RFC 9112 §9.3.2: answers go out in the order of their requests.
  const undecided = new UndecidedSocket(socket, head);
  await settled(parts, socket);
  if (!ignored) {
    adopt(socket);
    sockets.engage(socket);
    await intake.refuse(
      arrival,
      undecided,
      'a WebSocket handshake must not be pipelined behind another request',
    );
  } else if (undecided.left) socket.destroy();
  else replay(parts, request, socket, undecided.release());
}

async function refuseConnect(
  parts: DoorParts,
  request: IncomingMessage,
  undecided: UndecidedSocket,
): Promise<void> {
  const { intake, sockets } = parts;
  sockets.engage(undecided.socket);
  await settled(parts, undecided.socket);
  const arrival = intake.arrive(request, undecided.socket, HeaderList.fromRaw(request.rawHeaders));
  await intake.refuse(arrival, undecided, 'CONNECT is not served here');
}

/** Serves an upgrade as a plain request: documented API only, and the connection is kept alive. */
function replay(
  { sockets, again }: DoorParts,
  request: IncomingMessage,
  socket: Duplex,
  early: Uint8Array,
): void {
  adopt(socket);
  sockets.engage(socket, false);
  socket.unshift(Buffer.concat([headWithoutUpgrade(request), early]));
  again(socket);
  // Whoever held it until now may have paused it.
  socket.resume();
}

/** Resolves when no answer is under way on the socket; ends one that takes too long. */
async function settled({ sockets, clock }: DoorParts, socket: Duplex): Promise<void> {
  if (!sockets.isAnswering(socket)) return;
  const cancel = clock.after(ANSWER_TIMEOUT_MS, () => socket.destroy());
  await sockets.answered(socket);
  cancel();
}
