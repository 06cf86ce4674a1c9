import { OPCODE } from './build-frames.ts';

/** What a frame can be wrong in. Where a header is wrong in several ways, the first of this list counts. */
export const VIOLATIONS = {
  'reserved-bit': 1002,
  'reserved-opcode': 1002,
  'unexpected-rsv1': 1002,
  'fragmented-control': 1002,
  'long-control': 1002,
  'unexpected-continuation': 1002,
  'expected-continuation': 1002,
  'wrong-masking': 1002,
  'length-not-minimal': 1002,
  'length-top-bit': 1002,
  'length-unsafe': 1009,
  'message-too-big': 1009,
  'close-one-byte': 1002,
  'close-code': 1002,
  'close-reason-utf8': 1007,
} as const;

export type ViolationKind = keyof typeof VIOLATIONS;

/** What both ends know before the first frame. */
export interface StreamRules {
  /** Whether frames of this direction are masked: those of a client are (RFC 6455 §5.1). */
  readonly masked: boolean;
  /** Whether permessage-deflate was agreed (RFC 7692). */
  readonly deflate?: boolean;
  /** Payload bytes of one message, fragments summed; `0` or absent: no limit. */
  readonly maxMessageBytes?: number;
}

/** A frame header as it stands on the wire (RFC 6455 §5.2). */
export interface FrameHeader {
  readonly fin: boolean;
  readonly rsv1: boolean;
  readonly rsv2: boolean;
  readonly rsv3: boolean;
  readonly opcode: number;
  readonly mask: Buffer | null;
  readonly lengthBits: 7 | 16 | 64;
  readonly length: bigint;
  readonly headerBytes: number;
}

/** Reads a header from the start of `bytes`; `null` when it is not complete. At most 14 bytes are looked at. */
export function readHeader(bytes: Buffer): FrameHeader | null {
  if (bytes.length < 2) return null;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const lengthBits = (second & 0x7f) === 127 ? 64 : (second & 0x7f) === 126 ? 16 : 7;
  const maskAt = { 7: 2, 16: 4, 64: 10 }[lengthBits];
  const isMasked = (second & 0x80) !== 0;
  const headerBytes = maskAt + (isMasked ? 4 : 0);
  if (bytes.length < headerBytes) return null;
  return {
    fin: (first & 0x80) !== 0,
    rsv1: (first & 0x40) !== 0,
    rsv2: (first & 0x20) !== 0,
    rsv3: (first & 0x10) !== 0,
    opcode: first & 0x0f,
    mask: isMasked ? Buffer.from(bytes.subarray(maskAt, headerBytes)) : null,
    lengthBits,
    length: readLength(bytes, lengthBits),
    headerBytes,
  };
}

function readLength(bytes: Buffer, lengthBits: 7 | 16 | 64): bigint {
  if (lengthBits === 7) return BigInt(bytes.readUInt8(1) & 0x7f);
  return lengthBits === 16 ? BigInt(bytes.readUInt16BE(2)) : bytes.readBigUInt64BE(2);
}

/** The rules of one direction: told of every frame in order, it says what is wrong with each. */
export class FrameRules {
  readonly #rules: StreamRules;
  #inMessage = false;
  #messageBytes = 0n;

  constructor(rules: StreamRules) {
    this.#rules = rules;
  }

  /** Whether a message was begun and not finished. */
  get inMessage(): boolean {
    return this.#inMessage;
  }

  /** What is wrong with the next frame's header, or `null`: then the frame counts as seen. */
  header(header: FrameHeader): ViolationKind | null {
    return this.#kind(header) ?? this.#order(header) ?? this.#length(header);
  }

  /** What is wrong with a close frame's payload, or `null` (RFC 6455 §5.5.1 and §7.4). */
  closePayload(payload: Buffer): ViolationKind | null {
    if (payload.length === 0) return null;
    if (payload.length === 1) return 'close-one-byte';
    if (!isValidCloseCode(payload.readUInt16BE(0))) return 'close-code';
    return isUtf8(payload.subarray(2)) ? null : 'close-reason-utf8';
  }

  #kind({ rsv1, rsv2, rsv3, opcode, fin, length }: FrameHeader): ViolationKind | null {
    if (rsv2 || rsv3) return 'reserved-bit';
    if (!Object.values<number>(OPCODE).includes(opcode)) return 'reserved-opcode';
    const startsMessage = opcode === OPCODE.text || opcode === OPCODE.binary;
    if (rsv1 && !(startsMessage && this.#rules.deflate === true)) return 'unexpected-rsv1';
    if (isControl(opcode) && !fin) return 'fragmented-control';
    if (isControl(opcode) && length > 125n) return 'long-control';
    return null;
  }

  #order({ opcode, mask }: FrameHeader): ViolationKind | null {
    if (opcode === OPCODE.continuation && !this.#inMessage) return 'unexpected-continuation';
    if ((opcode === OPCODE.text || opcode === OPCODE.binary) && this.#inMessage)
      return 'expected-continuation';
    return (mask !== null) === this.#rules.masked ? null : 'wrong-masking';
  }

  #length({ opcode, fin, length, lengthBits }: FrameHeader): ViolationKind | null {
    if ((lengthBits === 16 && length < 126n) || (lengthBits === 64 && length < 65_536n))
      return 'length-not-minimal';
    if (length >= 1n << 63n) return 'length-top-bit';
    if (length > BigInt(Number.MAX_SAFE_INTEGER)) return 'length-unsafe';
    if (isControl(opcode)) return null;
    this.#messageBytes += length;
    const max = BigInt(this.#rules.maxMessageBytes ?? 0);
    if (max > 0n && this.#messageBytes > max) return 'message-too-big';
    this.#inMessage = !fin;
    if (fin) this.#messageBytes = 0n;
    return null;
  }
}

export function isControl(opcode: number): boolean {
  return opcode >= 8;
}

/** Codes that may stand in a close frame: RFC 6455 §7.4 and the IANA registry. */
export function isValidCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

function isUtf8(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
