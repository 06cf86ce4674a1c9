import { createServer } from 'node:net';
import { answerTo } from '../lib/websocket.mjs';
import { TEXT, Wire } from './wire.mjs';

const FLOOD_BYTES = 16 * 1024 * 1024;
const FLOOD_FRAME = Buffer.alloc(16 * 1024, 'f');

/**
 * What an upstream does once it has accepted, by the path that it was asked for.
 * @type {Record<string, (wire: Wire) => void>}
 */
const BEHAVIOURS = {
  '/echo': () => {},
  '/flood': flood,
  /** Stops in the middle of a frame. */
  '/reset': (wire) => {
    wire.socket.write(Buffer.from([0x82, 0x7e, 0x10, 0x00, 1, 2, 3]));
    setTimeout(() => wire.socket.resetAndDestroy(), 200);
  },
  /** Does not even answer pings. */
  '/dead': (wire) => {
    wire.answers = false;
    wire.socket.pause();
  },
  '/closing': (wire) => void setTimeout(() => wire.close(1001), 300),
  /** Sends what no server may. */
  '/broken': (wire) => void setTimeout(() => wire.socket.write(Buffer.from([0x83, 0x00])), 100),
};

/** Everything that an upstream can do to a gateway. */
export class Upstream {
  /** @type {Set<import('node:net').Socket>} */
  #sockets = new Set();
  #server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket));

  /** @returns {Promise<number>} its port */
  listen() {
    return new Promise((resolve) => {
      this.#server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  }

  stop() {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  /** @param {import('node:net').Socket} socket */
  #serve(socket) {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.end());
    let head = '';
    const onHead = (/** @type {Buffer} */ chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onHead);
      answer(socket, head);
    };
    socket.on('data', onHead);
  }
}

/**
 * @param {import('node:net').Socket} socket
 * @param {string} head
 */
function answer(socket, head) {
  const path = head.split(' ')[1] ?? '';
  // Never answers at all.
  if (path === '/mute') return;
  if (path === '/refuse') {
    socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: 100000\r\n\r\n${'n'.repeat(100_000)}`);
    return;
  }
  const wire = new Wire(socket, false, (payload, opcode) => {
    if (path === '/echo') echo(wire, opcode, payload);
  });
  socket.on('data', (chunk) => wire.take(chunk));
  socket.write(answerTo(head) ?? 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n');
  BEHAVIOURS[path]?.(wire);
}

/**
 * Sends back at the pace at which it is read.
 * @param {Wire} wire
 * @param {number} opcode
 * @param {Buffer} payload
 */
function echo(wire, opcode, payload) {
  if (wire.send(opcode, payload) || wire.socket.isPaused()) return;
  wire.socket.pause();
  wire.socket.once('drain', () => wire.socket.resume());
}

/** @param {Wire} wire */
function flood(wire) {
  let left = FLOOD_BYTES;
  const more = () => {
    while (left > 0 && !wire.socket.destroyed) {
      left -= FLOOD_FRAME.length;
      if (!wire.send(TEXT, FLOOD_FRAME)) {
        wire.socket.once('drain', more);
        return;
      }
    }
  };
  more();
}
