import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { Wire } from './wire.mjs';

/** Longer than any of the gateway's deadlines together. */
const MAX_VISIT_MS = 45_000;

/** A client of the gateway, from its first byte to the end of its connection. */
export class Visitor {
  /** The status of the answer, once there is one. */
  status = 0;
  #head = '';
  /** @type {(() => void)[]} */
  #watchers = [];
  ended = false;

  /** @param {number} port */
  constructor(port) {
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.wire = new Wire(this.socket, true);
    this.socket.on('data', (chunk) => this.#onData(chunk));
    this.socket.on('error', () => this.socket.destroy());
    this.socket.on('end', () => {
      this.ended = true;
      this.socket.end();
      this.#changed();
    });
    this.socket.on('close', () => {
      this.ended = true;
      this.#changed();
    });
  }

  /**
   * Asks to become a WebSocket.
   * @param {string} path
   * @returns {Promise<boolean>} whether it has
   */
  async open(path) {
    this.socket.write(handshake(path));
    await this.until('an answer', () => this.status !== 0);
    return this.status === 101;
  }

  /** Resolves when its connection is gone. */
  over() {
    return this.until('the end', () => this.ended);
  }

  /**
   * @param {string} what
   * @param {() => boolean} done the end of the connection also counts
   */
  until(what, done) {
    return /** @type {Promise<void>} */ (
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`no ${what} in ${MAX_VISIT_MS / 1_000} s`)),
          MAX_VISIT_MS,
        );
        const look = () => {
          if (!done() && !this.ended) {
            this.#watchers.push(look);
            return;
          }
          clearTimeout(timer);
          resolve();
        };
        look();
      })
    );
  }

  destroy() {
    this.socket.destroy();
  }

  /** @param {Buffer} chunk */
  #onData(chunk) {
    if (this.status === 101) this.wire.take(chunk);
    else if (this.status === 0) this.#onHead(chunk);
    this.#changed();
  }

  /** @param {Buffer} chunk */
  #onHead(chunk) {
    this.#head += chunk.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return;
    this.status = Number(this.#head.slice(9, 12));
    if (this.status === 101) this.wire.take(Buffer.from(this.#head.slice(end + 4), 'latin1'));
  }

  #changed() {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const look of watchers) look();
  }
}

/** @param {string} path */
export function handshake(path) {
  return (
    `GET ${path} HTTP/1.1\r\nHost: gateway.test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`
  );
}
