import { MAX_CONTROL_PAYLOAD_BYTES, OPCODES } from './opcodes.ts';
import { VIOLATIONS, type Violation } from './violations.ts';

/**
 * The header that was read last (RFC 6455 §5.2). It is looked at before another one is read, so one is enough for all
 * streams, and reading allocates nothing.
 */
export const header = {
  opcode: 0,
  /** FIN: the frame is its message's last. */
  final: true,
  /** The header's own length, or how many bytes it takes to know more. */
  headerBytes: 0,
  payloadBytes: 0,
  violation: null as Violation | null,
};

/**
 * Reads a header into `header` and checks all that it shows by itself.
 * @param masked whether the frame has to be masked (§5.1).
 * @param deflate whether `permessage-deflate` was agreed (RFC 7692 §6).
 * @param fragmented whether a message is under way, of which the frame has to be a continuation (§5.4).
 * @returns false when bytes are missing, or when `header.violation` is set.
 */
export function readHeader(
  bytes: Uint8Array,
  at: number,
  available: number,
  masked: boolean,
  deflate: boolean,
  fragmented: boolean,
): boolean {
  header.headerBytes = 2;
  header.violation = null;
  if (available < 2) return false;
  const first = bytes[at] as number;
  const second = bytes[at + 1] as number;
  header.opcode = first & 0x0f;
  header.final = first >= 0x80;
  header.violation =
    checkBits(first, deflate) ?? checkMask(second, masked) ?? checkOpcode(first, second, fragmented);
  if (header.violation !== null) return false;

  const short = second & 0x7f;
  const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
  header.headerBytes = 2 + lengthBytes + (masked ? 4 : 0);
  if (available < header.headerBytes) return false;
  header.payloadBytes = lengthBytes === 0 ? short : readLength(bytes, at + 2, lengthBytes);
  return header.violation === null;
}

function checkBits(first: number, deflate: boolean): Violation | null {
  if ((first & 0x30) !== 0) return VIOLATIONS.reservedBits;
  if ((first & 0x40) === 0) return null;
  const opcode = first & 0x0f;
  const startsMessage = opcode === OPCODES.text || opcode === OPCODES.binary;
  return deflate && startsMessage ? null : VIOLATIONS.compressedBit;
}

function checkMask(second: number, masked: boolean): Violation | null {
  if (second >= 0x80 === masked) return null;
  return masked ? VIOLATIONS.unmasked : VIOLATIONS.masked;
}

function checkOpcode(first: number, second: number, fragmented: boolean): Violation | null {
  const opcode = first & 0x0f;
  if (opcode >= OPCODES.close) {
    if (opcode > OPCODES.pong) return VIOLATIONS.opcode;
    if (first < 0x80) return VIOLATIONS.controlFragmented;
    return (second & 0x7f) > MAX_CONTROL_PAYLOAD_BYTES ? VIOLATIONS.controlTooLong : null;
  }
  if (opcode > OPCODES.binary) return VIOLATIONS.opcode;
  if (opcode === OPCODES.continuation) return fragmented ? null : VIOLATIONS.continuation;
  return fragmented ? VIOLATIONS.interleaved : null;
}

function readLength(bytes: Uint8Array, at: number, lengthBytes: 2 | 8): number {
  if (lengthBytes === 2) {
    const length = uint16(bytes, at);
    if (length < 126) header.violation = VIOLATIONS.lengthNotMinimal;
    return length;
  }
  const high = uint32(bytes, at);
  const length = high * 2 ** 32 + uint32(bytes, at + 4);
  if (high >= 2 ** 31) header.violation = VIOLATIONS.lengthTopBit;
  else if (length < 65_536) header.violation = VIOLATIONS.lengthNotMinimal;
  else if (length > Number.MAX_SAFE_INTEGER) header.violation = VIOLATIONS.lengthUnsafe;
  return length;
}

/** Two bytes in network order. */
export function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 65_536 + uint16(bytes, at + 2);
}
