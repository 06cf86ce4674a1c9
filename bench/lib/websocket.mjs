import { createHash } from 'node:crypto';

/** Ends the key before it is hashed. RFC 6455 §1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

export const OPCODE = /** @type {const} */ ({ binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa });

/** @param {string} key */
export function acceptValue(key) {
  return createHash('sha1')
    .update(key + ACCEPT_GUID)
    .digest('base64');
}

/**
 * The 101 that an upstream sends.
 * @param {string} head The request's.
 * @returns {string | null} `null` when nobody asked for a WebSocket
 */
export function answerTo(head) {
  const key = /^sec-websocket-key:\s*(\S+)/im.exec(head)?.[1];
  if (key === undefined) return null;
  return (
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
    `Sec-WebSocket-Accept: ${acceptValue(key)}\r\n\r\n`
  );
}

/**
 * A whole frame, as a client sends it when a mask key is given, else as a server does. RFC 6455 §5.2.
 * @param {number} opcode
 * @param {Uint8Array} payload
 * @param {Uint8Array} [maskKey]
 */
export function encodeFrame(opcode, payload, maskKey) {
  const head = encodeHeader(opcode, payload.length, maskKey !== undefined);
  if (maskKey === undefined) return Buffer.concat([head, payload]);
  const masked = payload.map((byte, index) => byte ^ (maskKey[index & 3] ?? 0));
  return Buffer.concat([head, maskKey, masked]);
}

/**
 * @param {number} opcode
 * @param {number} length
 * @param {boolean} masked
 */
function encodeHeader(opcode, length, masked) {
  const first = 0x80 | opcode;
  const mask = masked ? 0x80 : 0;
  if (length < 126) return Buffer.from([first, mask | length]);
  if (length < 65_536) return Buffer.from([first, mask | 126, length >> 8, length & 0xff]);
  const head = Buffer.from([first, mask | 127, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}

/** A frame header that arrives a byte at a time, however the network cut it. */
export class FrameHeader {
  bytes = new Uint8Array(14);
  #held = 0;
  #needed = 2;

  /**
   * @param {number} byte
   * @returns {boolean} whether the header is complete
   */
  push(byte) {
    this.bytes[this.#held++] = byte;
    if (this.#held === 2) this.#needed = 2 + this.lengthBytes + (byte & 0x80 ? 4 : 0);
    return this.#held === this.#needed;
  }

  /** Makes ready for the next header. The fields stay readable until its first byte. */
  restart() {
    this.#held = 0;
    this.#needed = 2;
  }

  get isFinal() {
    return (this.#at(0) & 0x80) !== 0;
  }

  get opcode() {
    return this.#at(0) & 0x0f;
  }

  get isControl() {
    return (this.#at(0) & 0x08) !== 0;
  }

  /** How many bytes of extended length follow the second byte. */
  get lengthBytes() {
    const short = this.#at(1) & 0x7f;
    return short === 127 ? 8 : short === 126 ? 2 : 0;
  }

  get payloadLength() {
    let length = this.#at(1) & 0x7f;
    if (length < 126) return length;
    const end = 2 + this.lengthBytes;
    length = 0;
    for (let at = 2; at < end; at++) length = length * 256 + this.#at(at);
    return length;
  }

  /** @param {number} index */
  #at(index) {
    return this.bytes[index] ?? 0;
  }
}
