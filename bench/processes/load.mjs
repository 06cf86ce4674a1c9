// The load generator: sets of raw connections that send frames encoded once, each as soon as its echo is back.
import { connect } from 'node:net';
import { answerParent } from '../lib/messenger.mjs';
import { encodeFrame, FrameHeader, OPCODE } from '../lib/websocket.mjs';
import { runHandshakes } from './load/handshakes.mjs';
import { ACCEPT, handshakeFor, MASK_KEY, payloadOf } from './load/wire.mjs';

const OPEN_AT_ONCE = 50;
const OPEN_TIMEOUT_MS = 10_000;
const DRAIN_TIMEOUT_MS = 10_000;

/** Every socket reads into this buffer: what arrives is looked at once, at once. */
const readBuffer = Buffer.allocUnsafe(65_536);

/**
 * One measured stretch of traffic.
 * @typedef {object} Drive
 * @property {readonly Buffer[]} batches `batches[n]`: n frames in one piece.
 * @property {number} frameBytes Payload that each echo must have.
 * @property {boolean} sending
 * @property {number} inFlight
 * @property {number} messages Echoes so far.
 * @property {() => void} finish
 * @property {(error: Error) => void} fail
 */

/** Connections to one proxy. */
class ConnectionSet {
  /** @type {Connection[]} */
  connections = [];
  /** @type {Drive | null} */
  drive = null;
  closing = false;
  lost = 0;

  /**
   * @param {number} port
   * @param {string} path
   * @param {number} count How many to open in addition.
   */
  async open(port, path, count) {
    let left = count;
    const openSome = async () => {
      while (left-- > 0) {
        const connection = new Connection(this);
        await connection.open(port, path);
        this.connections.push(connection);
      }
    };
    await Promise.all(Array.from({ length: Math.min(OPEN_AT_ONCE, count) }, openSome));
    this.check();
  }

  /**
   * Keeps `depth` messages in flight on every connection for `durationMs`, then waits until all are back.
   * @param {{ depth: number, size: number, durationMs: number }} how
   */
  async run({ depth, size, durationMs }) {
    this.check();
    const frame = encodeFrame(OPCODE.binary, payloadOf(size), MASK_KEY);
    const all = Buffer.concat(Array.from({ length: depth }, () => frame));
    const batches = Array.from({ length: depth + 1 }, (_, n) => all.subarray(0, n * frame.length));
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();

    /** @type {Promise<number>} */
    const messages = new Promise((resolve, reject) => {
      /** @type {Drive} */
      const drive = {
        batches,
        frameBytes: size,
        sending: true,
        inFlight: depth * this.connections.length,
        messages: 0,
        finish: () => resolve(drive.messages),
        fail: reject,
      };
      this.drive = drive;
      for (const connection of this.connections) connection.send(all);
      setTimeout(() => {
        drive.sending = false;
        setTimeout(
          () => reject(new Error(`${drive.inFlight} messages did not come back`)),
          DRAIN_TIMEOUT_MS,
        ).unref();
      }, durationMs);
    });
    const count = await messages.finally(() => {
      this.drive = null;
    });
    const { user, system } = process.cpuUsage(cpuBefore);
    return { messages: count, durationMs: performance.now() - startedAt, loadCpuUs: user + system };
  }

  /** Resets instead of ending, so that thousands of closed connections do not linger and use up the ports. */
  async close() {
    this.closing = true;
    await Promise.all(this.connections.map((connection) => connection.reset()));
    this.connections = [];
  }

  check() {
    if (this.lost > 0) throw new Error(`${this.lost} connections were closed by the other end`);
  }

  onLost() {
    if (this.closing) return;
    this.lost++;
    this.drive?.fail(new Error('a connection was closed by the other end while it was driven'));
  }
}

/** One client. Speaks just enough WebSocket: counts what comes, answers pings. */
class Connection {
  #set;
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

  /** @param {ConnectionSet} set */
  constructor(set) {
    this.#set = set;
  }

  /**
   * Resolves when the first message has come back as it was sent.
   * @param {number} port
   * @param {string} path
   * @returns {Promise<void>}
   */
  open(port, path) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#whenOpen?.(new Error('no handshake in time')), OPEN_TIMEOUT_MS);
      this.#whenOpen = (error) => {
        clearTimeout(timer);
        this.#whenOpen = null;
        if (error === undefined) return resolve();
        this.#socket?.destroy();
        reject(error);
      };
      const onread = {
        buffer: readBuffer,
        callback: (/** @type {number} */ length) => {
          this.#read(length);
          return true;
        },
      };
      this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
      this.#socket.on('error', (error) => this.#whenOpen?.(error));
      this.#socket.on('close', () => this.#onClose());
      this.#socket.write(handshakeFor(port, path));
    });
  }

  /** @param {Buffer} bytes */
  send(bytes) {
    this.#socket?.write(bytes);
  }

  /** @returns {Promise<void>} */
  reset() {
    return new Promise((resolve) => {
      const socket = this.#socket;
      if (socket === null || socket.destroyed) return resolve();
      socket.once('close', () => resolve());
      socket.resetAndDestroy();
    });
  }

  #onClose() {
    if (this.#whenOpen !== null) this.#whenOpen(new Error('closed during the handshake'));
    else this.#set.onLost();
  }

  /** @param {number} length */
  #read(length) {
    const start = this.#socket === null || this.#handshake === DONE ? 0 : this.#readHandshake(length);
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
    this.send(encodeFrame(OPCODE.binary, FIRST_MESSAGE, MASK_KEY));
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
    if (messages > 0) this.#onEchoes(messages);
  }

  #beginFrame() {
    this.#inPayload = true;
    this.#payloadLeft = this.#header.payloadLength;
    if (this.#header.isControl || this.#whenOpen !== null) this.#kept = [];
    const { drive } = this.#set;
    if (drive !== null && !this.#header.isControl && this.#payloadLeft !== drive.frameBytes) {
      drive.fail(
        new Error(`an echo of ${this.#payloadLeft} bytes came for ${drive.frameBytes} that were sent`),
      );
    }
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

  /** @param {number} count */
  #onEchoes(count) {
    const { drive } = this.#set;
    if (drive === null) return;
    drive.messages += count;
    if (drive.sending) {
      const batch = drive.batches[count];
      if (batch === undefined)
        drive.fail(new Error(`${count} echoes came at once, more than were in flight`));
      else this.send(batch);
    } else {
      drive.inFlight -= count;
      if (drive.inFlight === 0) drive.finish();
    }
  }
}

/** Stands for a handshake that is complete. */
const DONE = '101';
const FIRST_MESSAGE = payloadOf(128);

/** @type {Map<string, ConnectionSet>} */
const sets = new Map();

/** @param {string} name */
function setNamed(name) {
  const set = sets.get(name) ?? new ConnectionSet();
  sets.set(name, set);
  return set;
}

answerParent({
  handshakes: runHandshakes,
  open: (
    /** @type {{ set: string, port: number, path: string, count: number }} */ { set, port, path, count },
  ) => setNamed(set).open(port, path, count),
  drive: (/** @type {{ set: string, depth: number, size: number, durationMs: number }} */ { set, ...how }) =>
    setNamed(set).run(how),
  check: (/** @type {{ set: string }} */ { set }) => setNamed(set).check(),
  close: async (/** @type {{ set: string }} */ { set }) => {
    await setNamed(set).close();
    sets.delete(set);
  },
});
