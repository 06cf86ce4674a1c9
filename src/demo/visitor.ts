import type { WebSocket } from 'ws';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { Allowance } from './allowance.ts';
import { LIMITS } from './limits.ts';
import { parseRequest, type RoomMessage } from './protocol.ts';
import type { Member, Room } from './room.ts';

/** Joins a socket to the room for as long as it is open. */
export function welcomeVisitor(
  socket: WebSocket,
  room: Room,
  name: string,
  clock: Clock,
  logger: Logger,
): void {
  // `ws` reports invalid frames and resets here and closes by itself; unheard, they would end the process.
  socket.on('error', (error) => logger.debug({ error: error.message }, 'demo: connection failed'));
  if (room.full) {
    socket.close(1013, 'the room is full');
    return;
  }

  const member = room.join(name, (message) => tell(socket, message));
  const rate = new Allowance(clock, LIMITS.messagesPerSecond, LIMITS.messageBurst);
  let refusals = 0;
  logger.debug({ people: room.size }, 'demo: somebody joined');

  socket.on('message', (data: Buffer, isBinary: boolean) => {
    if (rate.take()) receive(socket, room, member, data, isBinary);
    else if (++refusals > LIMITS.maxRefusals) socket.close(1008, 'too many messages');
    else member.tell({ type: 'refused', why: 'That was a little fast. Wait a second, then go on.' });
  });
  socket.on('close', (code) => {
    room.leave(member);
    logger.debug({ people: room.size, code }, 'demo: somebody left');
  });
}

function receive(socket: WebSocket, room: Room, member: Member, data: Buffer, isBinary: boolean): void {
  if (isBinary) send(socket, data);
  else room.handle(member, parseRequest(data.toString('utf8')));
}

function tell(socket: WebSocket, message: RoomMessage): void {
  send(socket, JSON.stringify(message));
}

function send(socket: WebSocket, data: string | Buffer): void {
  if (socket.readyState !== socket.OPEN) return;
  if (socket.bufferedAmount > LIMITS.maxQueuedBytes) {
    socket.terminate();
    return;
  }
  // A failed write shows as the socket's close; the callback keeps it from being thrown.
  socket.send(data, () => {});
}
