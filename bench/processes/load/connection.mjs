import { connect as connectTcp } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';
import { encodeFrame, FrameHeader, OPCODE } from '../../lib/websocket.mjs';
import { ACCEPT, handshakeFor, MASK_KEY, payloadOf } from './wire.mjs';

const OPEN_TIMEOUT_MS = 10_000;
/** Stands for a handshake that is complete. */
const DONE = '101';
const FIRST_MESSAGE = payloadOf(128);
const FIRST_FRAME = encodeFrame(OPCODE.binary, FIRST_MESSAGE, MASK_KEY);
/** The same for every proxy, whatever it would rather have. */
const TLS = /** @type {const} */ ({
  minVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256',
  ecdhCurve: 'X25519',
  rejectUnauthorized: false,
});

/** Every socket reads into this buffer: what arrives is looked at once, at once. */
const readBuffer = Buffer.allocUnsafe(65_536);

/**
 * @typedef {{ port: number, path: string, tls: boolean }} Target
 *
 * Who is told of what happens to a connection.
 * @typedef {object} Owner
 * @property {(connection: Connection, count: number) => void} onEchoes That many messages have come back whole.
 * @property {(bytes: number) => void} onMessage A message of so many bytes begins.
 * @property {() => void} onLost The other end closed.
 */

/** One client. Speaks just enough WebSocket: counts what comes, answers pings. */
export class Connection {
  #owner;
  /** @type {import('node:net').Socket | null} */
  #socket = null;
  #header = new FrameHeader();
  #inPayload = false;
  #payloadLeft = 0;
  /** @type {Buffer[] | null} Collects a payload that matters: a ping's, or the first echo's. */
  #kept = null;
  #handshake = '';
  /** @type {((error?: Error) => void) | null} */
  #whenOpen = null;

  /** @param {Owner} owner */
  constructor(owner) {
    this.#owner = owner;
  }

  /**
   * Resolves when the first message has come back as it was sent.
   * @param {Target} target
   * @returns {Promise<void>}
   */
  open(target) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#whenOpen?.(new Error('no handshake in time')), OPEN_TIMEOUT_MS);
      this.#whenOpen = (error) => {
        clearTimeout(timer);
        this.#whenOpen = null;
        if (error === undefined) return resolve();
        this.#socket?.destroy();
        reject(error);
      };
      this.#socket = this.#connect(target);
      this.#socket.on('error', (error) => this.#whenOpen?.(error));
      this.#socket.on('close', () => this.#onClose());
      this.#socket.write(handshakeFor(target.port, target.path));
    });
  }

  /** @param {Uint8Array} bytes */
  send(bytes) {
    this.#socket?.write(bytes);
  }

  /** @returns {Promise<void>} */
  reset() {
    return new Promise((resolve) => {
      const socket = this.#socket;
      if (socket === null || socket.destroyed) return resolve();
      socket.once('close', () => resolve());
      // Node cannot reset what is wrapped in TLS. There are few of those.
      if (socket instanceof TLSSocket) socket.destroy();
      else socket.resetAndDestroy();
    });
  }

  /** @param {Target} target */
  #connect({ port, tls }) {
    const options = {
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: readBuffer,
        callback: (/** @type {number} */ length) => {
          this.#read(length);
          return true;
        },
      },
    };
    return tls ? connectTls({ ...options, ...TLS }) : connectTcp(options);
  }

  #onClose() {
    if (this.#whenOpen !== null) this.#whenOpen(new Error('closed during the handshake'));
    else this.#owner.onLost();
  }

  /** @param {number} length */
  #read(length) {
    const start = this.#handshake === DONE ? 0 : this.#readHandshake(length);
    if (start < length) this.#readFrames(start, length);
  }

  /**
   * @param {number} length
   * @returns {number} where the first frame begins
   */
  #readHandshake(length) {
    const before = this.#handshake.length;
    this.#handshake += readBuffer.toString('latin1', 0, length);
    const end = this.#handshake.indexOf('\r\n\r\n');
    if (end === -1) return length;
    const head = this.#handshake.slice(0, end);
    if (!head.startsWith('HTTP/1.1 101 ') || !head.includes(ACCEPT)) {
      this.#whenOpen?.(new Error(`refused: ${head.split('\r\n', 1)[0]}`));
      return length;
    }
    this.#handshake = DONE;
    this.send(FIRST_FRAME);
    return end + 4 - before;
  }

  /**
   * @param {number} start
   * @param {number} end
   */
  #readFrames(start, end) {
    let at = start;
    let messages = 0;
    while (at < end) {
      if (!this.#inPayload) {
        if (!this.#header.push(readBuffer[at++] ?? 0)) continue;
        this.#beginFrame();
      }
      const length = Math.min(this.#payloadLeft, end - at);
      if (this.#kept !== null && length > 0)
        this.#kept.push(Buffer.from(readBuffer.subarray(at, at + length)));
      at += length;
      this.#payloadLeft -= length;
      if (this.#payloadLeft === 0 && this.#endFrame()) messages++;
    }
    if (messages > 0) this.#owner.onEchoes(this, messages);
  }

  #beginFrame() {
    this.#inPayload = true;
    this.#payloadLeft = this.#header.payloadLength;
    if (this.#header.isControl || this.#whenOpen !== null) this.#kept = [];
    else this.#owner.onMessage(this.#payloadLeft);
  }

  /** @returns {boolean} whether it was an echo */
  #endFrame() {
    const { isControl, opcode } = this.#header;
    this.#header.restart();
    this.#inPayload = false;
    if (this.#kept === null) return true;
    const payload = Buffer.concat(this.#kept);
    this.#kept = null;
    if (isControl) this.#onControl(opcode, payload);
    else this.#whenOpen?.(payload.equals(FIRST_MESSAGE) ? undefined : new Error('the first echo differs'));
    return false;
  }

  /**
   * @param {number} opcode
   * @param {Buffer} payload
   */
  #onControl(opcode, payload) {
    if (opcode === OPCODE.ping) this.send(encodeFrame(OPCODE.pong, payload, MASK_KEY));
    if (opcode === OPCODE.close) this.#socket?.end(encodeFrame(OPCODE.close, payload, MASK_KEY));
  }
}
