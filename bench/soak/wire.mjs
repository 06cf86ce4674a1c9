import { encodeFrame, OPCODE } from '../lib/websocket.mjs';

export const TEXT = 0x1;
const MASK_KEY = Buffer.from([0x3a, 0x5c, 0x91, 0x0e]);

/** One end of a WebSocket: reads frames, answers pings and closes unless told not to. */
export class Wire {
  /** @type {Buffer} */
  #held = Buffer.alloc(0);
  /** Payload bytes of data frames. */
  receivedBytes = 0;
  pings = 0;
  pongs = 0;
  /** @type {number | null} The close code that came. */
  closed = null;
  /** Whether it answers. */
  answers = true;
  #sentClose = false;

  /**
   * @param {import('node:net').Socket} socket
   * @param {boolean} isClient
   * @param {(payload: Buffer, opcode: number) => void} onData
   */
  constructor(socket, isClient, onData = () => {}) {
    this.socket = socket;
    this.isClient = isClient;
    this.onData = onData;
  }

  /**
   * @param {number} opcode
   * @param {Uint8Array} payload
   */
  send(opcode, payload) {
    if (this.#sentClose || !this.socket.writable) return false;
    if (opcode === OPCODE.close) this.#sentClose = true;
    return this.socket.write(encodeFrame(opcode, payload, this.isClient ? MASK_KEY : undefined));
  }

  close(code = 1000) {
    this.send(OPCODE.close, Buffer.from([code >> 8, code & 0xff]));
  }

  /** @param {Buffer} chunk */
  take(chunk) {
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (let frame = this.#next(); frame !== null; frame = this.#next())
      this.#onFrame(frame.opcode, frame.payload);
  }

  #next() {
    const held = this.#held;
    if (held.length < 2) return null;
    const short = held.readUInt8(1) & 0x7f;
    const lengthBytes = short === 127 ? 8 : short === 126 ? 2 : 0;
    const masked = (held.readUInt8(1) & 0x80) !== 0;
    const start = 2 + lengthBytes + (masked ? 4 : 0);
    if (held.length < start) return null;
    const length =
      lengthBytes === 8 ? Number(held.readBigUInt64BE(2)) : lengthBytes === 2 ? held.readUInt16BE(2) : short;
    if (held.length < start + length) return null;
    const payload = Buffer.from(held.subarray(start, start + length));
    if (masked)
      for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (held[start - 4 + (i & 3)] ?? 0);
    const opcode = held.readUInt8(0) & 0x0f;
    this.#held = held.subarray(start + length);
    return { opcode, payload };
  }

  /**
   * @param {number} opcode
   * @param {Buffer} payload
   */
  #onFrame(opcode, payload) {
    if (opcode === OPCODE.ping) {
      this.pings++;
      if (this.answers) this.send(OPCODE.pong, payload);
    } else if (opcode === OPCODE.pong) this.pongs++;
    else if (opcode === OPCODE.close) {
      this.closed = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      if (this.answers) this.send(OPCODE.close, payload.subarray(0, 2));
      if (this.answers && !this.isClient) this.socket.end();
    } else {
      this.receivedBytes += payload.length;
      this.onData(payload, opcode);
    }
  }
}
