// The upstream of every proxy: does the WebSocket handshake, then sends each frame back, unmasked.
import { createServer } from 'node:net';
import { answerParent } from '../lib/messenger.mjs';
import { unmask } from '../lib/unmask.mjs';
import { ownUsage } from '../lib/usage.mjs';
import { answerTo, FrameHeader, OPCODE } from '../lib/websocket.mjs';

const MAX_HEAD_BYTES = 16_384;

/** One connection after its handshake. Payloads are unmasked in place, in the chunk that Node delivered. */
class Echo {
  #socket;
  #header = new FrameHeader();
  #mask = new Uint8Array(4);
  #maskPhase = 0;
  #payloadLeft = 0;
  #opcode = 0;

  /** @param {import('node:net').Socket} socket */
  constructor(socket) {
    this.#socket = socket;
  }

  /** @param {Buffer} chunk */
  read(chunk) {
    let at = 0;
    // What goes back is gathered at [start, end) of the same chunk: it is never longer than what was read.
    let start = 0;
    let end = 0;
    while (at < chunk.length) {
      if (this.#payloadLeft === 0) {
        if (!this.#header.push(chunk[at++] ?? 0)) continue;
        const head = this.#beginFrame();
        if (head.length > at - end) {
          // The header began in an earlier chunk, so this one has no room for it.
          if (end > start) this.#socket.write(chunk.subarray(start, end));
          this.#socket.write(head);
          start = end = at;
        } else {
          chunk.set(head, end);
          end += head.length;
        }
      } else {
        const length = Math.min(this.#payloadLeft, chunk.length - at);
        if (this.#opcode !== OPCODE.pong) {
          this.#unmask(chunk, at, end, length);
          end += length;
        }
        at += length;
        this.#payloadLeft -= length;
      }
      if (this.#payloadLeft === 0 && this.#opcode === OPCODE.close) break;
    }
    if (end > start && !this.#socket.write(chunk.subarray(start, end))) this.#socket.pause();
    if (this.#payloadLeft === 0 && this.#opcode === OPCODE.close) this.#socket.end();
  }

  /**
   * @returns {Uint8Array} the header to answer with; none for a pong, which is for nobody
   */
  #beginFrame() {
    const { bytes, lengthBytes, payloadLength, opcode } = this.#header;
    this.#opcode = opcode;
    this.#payloadLeft = payloadLength;
    this.#maskPhase = 0;
    this.#mask.set(bytes.subarray(2 + lengthBytes, 6 + lengthBytes));
    this.#header.restart();
    if (opcode === OPCODE.pong) return new Uint8Array(0);
    const head = bytes.slice(0, 2 + lengthBytes);
    if (opcode === OPCODE.ping) head[0] = 0x80 | OPCODE.pong;
    head[1] = (head[1] ?? 0) & 0x7f;
    return head;
  }

  /**
   * @param {Buffer} chunk
   * @param {number} from
   * @param {number} to
   * @param {number} length
   */
  #unmask(chunk, from, to, length) {
    unmask(chunk, from, to, length, this.#mask, this.#maskPhase);
    this.#maskPhase = (this.#maskPhase + length) & 3;
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  let head = Buffer.alloc(0);
  socket.on('error', () => socket.destroy());
  socket.on('data', onHandshake);

  /** @param {Buffer} chunk */
  function onHandshake(chunk) {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) {
      if (head.length > MAX_HEAD_BYTES) socket.destroy();
      return;
    }
    const answer = answerTo(head.toString('latin1', 0, end));
    if (answer === null) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
      return;
    }
    socket.write(answer);
    const echo = new Echo(socket);
    socket.off('data', onHandshake);
    socket.on('data', (bytes) => echo.read(bytes));
    socket.on('drain', () => socket.resume());
    if (head.length > end + 4) echo.read(head.subarray(end + 4));
  }
});

answerParent({
  usage: ownUsage,
  listen: () =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, () => {
        const address = server.address();
        resolve(typeof address === 'object' ? address?.port : undefined);
      });
    }),
});
