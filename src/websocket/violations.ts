/** What a frame can be wrong in: the close code for its sender (RFC 6455 §7.4.1) and what was wrong. */
export interface Violation {
  readonly code: 1002 | 1007 | 1009;
  readonly reason: string;
}

const violation = (code: Violation['code'], reason: string): Violation => Object.freeze({ code, reason });

/** Everything that the scanner refuses, with the section that asks for it. */
export const VIOLATIONS = {
  /** §5.2: RSV2 and RSV3 belong to extensions that nobody agreed to. */
  reservedBits: violation(1002, 'reserved bit set'),
  /** RFC 7692 §6: RSV1 only on a message's first frame, only where compression was agreed. */
  compressedBit: violation(1002, 'compressed bit set where it may not be'),
  /** §5.2 */
  opcode: violation(1002, 'reserved opcode'),
  /** §5.1 */
  unmasked: violation(1002, 'frame not masked'),
  masked: violation(1002, 'frame masked'),
  /** §5.4 */
  continuation: violation(1002, 'continuation frame without a message'),
  interleaved: violation(1002, 'new message inside a fragmented message'),
  /** §5.5 */
  controlFragmented: violation(1002, 'fragmented control frame'),
  controlTooLong: violation(1002, 'control frame over 125 bytes'),
  /** §5.2 */
  lengthNotMinimal: violation(1002, 'payload length not minimally encoded'),
  lengthTopBit: violation(1002, 'payload length with the top bit set'),
  lengthUnsafe: violation(1009, 'frame too long'),
  /** §5.5.1, §7.4 */
  closeTooShort: violation(1002, 'close frame with half a code'),
  closeCode: violation(1002, 'close code not allowed'),
  closeReason: violation(1007, 'close reason not UTF-8'),
  /** The gateway's own limit (§10.4). */
  messageTooBig: violation(1009, 'message too big'),
} as const;
