import { isUtf8 } from 'node:buffer';
import { mayBeSent } from './close-codes.ts';
import { MAX_CONTROL_PAYLOAD_BYTES, OPCODES } from './opcodes.ts';
import { VIOLATIONS, type Violation } from './violations.ts';

/** What one step of the scanner covered. */
export const STEPS = {
  /** Headers and payload of data frames: pass on. */
  data: 0,
  /** A data frame's header that arrived in pieces, now complete in `frame`: pass on. */
  header: 1,
  /** A whole control frame: `opcode` and `control` tell which. */
  control: 2,
  /** A data frame without payload that is a fragment of a longer message. */
  emptyFragment: 3,
  /** The rest of the chunk is an incomplete header or control frame: held back. */
  held: 4,
  /** `violation` says what is wrong; the scanner is of no further use. */
  violation: 5,
} as const;

export type Step = (typeof STEPS)[keyof typeof STEPS];

const MAX_HELD_BYTES = 6 + MAX_CONTROL_PAYLOAD_BYTES;

/** Unmasked control payloads. One for all scanners: it is read before the next step of any of them. */
const controlScratch = new Uint8Array(MAX_CONTROL_PAYLOAD_BYTES);

/**
 * Follows one direction of a WebSocket stream from frame to frame (RFC 6455 §5.2) and never looks at the payload of
 * data frames: it is neither copied, unmasked nor inflated. Whatever the chunks are cut like, the steps mean the same.
 */
export class Scanner {
  /** Where the last step ended in its chunk. */
  end = 0;
  /** Opcode of the last header. */
  opcode = 0;
  /** Unmasked payload of the last control frame; valid until the next step of any scanner. */
  control: Uint8Array = controlScratch;
  /** The last header or control frame as on the wire, if it arrived in pieces; else `null`. */
  frame: Uint8Array | null = null;
  violation: Violation | null = null;
  /** Complete messages. */
  messages = 0;
  /** Payload bytes of data frames. */
  bytes = 0;

  readonly #masked: boolean;
  readonly #deflate: boolean;
  readonly #maxMessageBytes: number;
  /** Payload bytes of the data frame under way that are still to come. */
  #left = 0;
  /** Whether the data frame under way is its message's last. */
  #final = true;
  /** Whether a message has begun whose last frame has not. */
  #fragmented = false;
  #messageBytes = 0;
  #held: Uint8Array | null = null;
  #heldBytes = 0;
  // The header that `#readHeader` found.
  #headerBytes = 0;
  #payloadBytes = 0;

  /**
   * @param masked whether this direction's frames must be masked: the client's must, the upstream's must not (§5.1).
   * @param deflate whether `permessage-deflate` was agreed.
   * @param maxMessageBytes payload bytes of a message on the wire; `0` for no limit.
   */
  constructor(masked: boolean, deflate: boolean, maxMessageBytes: number) {
    this.#masked = masked;
    this.#deflate = deflate;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Whether all bytes passed on so far end between two frames. */
  get betweenFrames(): boolean {
    return this.#left === 0;
  }

  /** Whether all bytes passed on so far end between two messages. */
  get betweenMessages(): boolean {
    return this.#left === 0 && !this.#fragmented;
  }

  /**
   * Scans `chunk` from `at`. A chunk is done when `end` has reached its length.
   * @param toBoundary stop at the next end of a data frame, even if more of the chunk could be passed on.
   */
  advance(chunk: Uint8Array, at: number, toBoundary: boolean): Step {
    this.frame = null;
    if (this.#heldBytes > 0) return this.#continueHeld(chunk, at);

    let position = at;
    for (;;) {
      if (this.#left > 0) {
        position = this.#skipPayload(chunk, position);
        if (this.#left > 0 || toBoundary) return this.#passedTo(position);
      }
      if (position === chunk.length) return this.#passedTo(position);

      const available = chunk.length - position;
      const complete = this.#readHeader(chunk, position, available);
      if (complete && this.#isPayload()) {
        this.#enterData();
        position += this.#headerBytes;
        continue;
      }
      // Anything else is a step of its own; what came before it is passed on first.
      if (position > at) return this.#passedTo(position);
      if (this.violation !== null) return STEPS.violation;
      if (!complete || available < this.#frameBytes()) return this.#hold(chunk, position);
      return this.#finishFrame(chunk, position, position + this.#frameBytes());
    }
  }

  #passedTo(position: number): Step {
    this.end = position;
    return STEPS.data;
  }

  #skipPayload(chunk: Uint8Array, position: number): number {
    const taken = Math.min(this.#left, chunk.length - position);
    this.#left -= taken;
    this.bytes += taken;
    if (this.#left === 0 && this.#final) this.messages++;
    return position + taken;
  }

  /** Whether the header just read is one of a data frame that needs no step of its own. */
  #isPayload(): boolean {
    return this.violation === null && this.opcode < OPCODES.close && !this.#isEmptyFragment();
  }

  #isEmptyFragment(): boolean {
    return this.#payloadBytes === 0 && (this.opcode === OPCODES.continuation || !this.#final);
  }

  /** Bytes of the frame just read that have to be there at once: all of a control frame, the header of others. */
  #frameBytes(): number {
    return this.opcode < OPCODES.close ? this.#headerBytes : this.#headerBytes + this.#payloadBytes;
  }

  #hold(chunk: Uint8Array, position: number): Step {
    this.#held = new Uint8Array(MAX_HELD_BYTES);
    this.#held.set(chunk.subarray(position));
    this.#heldBytes = chunk.length - position;
    this.end = chunk.length;
    return STEPS.held;
  }

  /** Takes as many bytes as the held header or control frame lacks, which it may tell only bit by bit. */
  #continueHeld(chunk: Uint8Array, at: number): Step {
    const held = this.#held as Uint8Array;
    let position = at;
    for (;;) {
      const complete = this.#readHeader(held, 0, this.#heldBytes);
      if (this.violation !== null) return STEPS.violation;
      const lacking = (complete ? this.#frameBytes() : this.#headerBytes) - this.#heldBytes;
      if (complete && lacking === 0) return this.#finishHeld(held, position);
      if (position === chunk.length) {
        this.end = position;
        return STEPS.held;
      }
      const taken = Math.min(lacking, chunk.length - position);
      held.set(chunk.subarray(position, position + taken), this.#heldBytes);
      this.#heldBytes += taken;
      position += taken;
    }
  }

  #finishHeld(held: Uint8Array, position: number): Step {
    const frame = held.subarray(0, this.#heldBytes);
    this.#held = null;
    this.#heldBytes = 0;
    this.frame = frame;
    if (this.#isPayload()) {
      this.#enterData();
      this.end = position;
      return STEPS.header;
    }
    return this.#finishFrame(frame, 0, position);
  }

  /** The frame at `start` of `bytes` is complete: a control frame, or an empty fragment. */
  #finishFrame(bytes: Uint8Array, start: number, end: number): Step {
    this.end = end;
    if (this.opcode < OPCODES.close) {
      this.#enterData();
      return STEPS.emptyFragment;
    }
    this.#readControlPayload(bytes, start + this.#headerBytes);
    if (this.opcode === OPCODES.close) this.#checkClose();
    return this.violation === null ? STEPS.control : STEPS.violation;
  }

  /**
   * Reads and checks a header.
   * @returns false when bytes are missing (`#headerBytes` is then how many it takes to know more) or it is invalid.
   */
  #readHeader(bytes: Uint8Array, at: number, available: number): boolean {
    this.#headerBytes = 2;
    if (available < 2) return false;
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    this.opcode = first & 0x0f;
    this.violation = this.#checkFirstBytes(first, second);
    if (this.violation !== null) return false;

    const short = second & 0x7f;
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    this.#headerBytes = 2 + lengthBytes + (this.#masked ? 4 : 0);
    if (available < this.#headerBytes) return false;
    this.#payloadBytes = lengthBytes === 0 ? short : this.#readLength(bytes, at + 2, lengthBytes);
    if (this.violation !== null) return false;
    if (this.opcode < OPCODES.close) {
      this.#final = first >= 0x80;
      if (this.#isTooBig()) this.violation = VIOLATIONS.messageTooBig;
    }
    return this.violation === null;
  }

  #checkFirstBytes(first: number, second: number): Violation | null {
    const opcode = first & 0x0f;
    if ((first & 0x30) !== 0) return VIOLATIONS.reservedBits;
    if ((first & 0x40) !== 0) {
      const startsMessage = opcode === OPCODES.text || opcode === OPCODES.binary;
      if (!this.#deflate || !startsMessage) return VIOLATIONS.compressedBit;
    }
    if (second >= 0x80 !== this.#masked) return this.#masked ? VIOLATIONS.unmasked : VIOLATIONS.masked;
    if (opcode >= OPCODES.close) {
      if (opcode > OPCODES.pong) return VIOLATIONS.opcode;
      if (first < 0x80) return VIOLATIONS.controlFragmented;
      if ((second & 0x7f) > MAX_CONTROL_PAYLOAD_BYTES) return VIOLATIONS.controlTooLong;
      return null;
    }
    if (opcode > OPCODES.binary) return VIOLATIONS.opcode;
    if (opcode === OPCODES.continuation) return this.#fragmented ? null : VIOLATIONS.continuation;
    return this.#fragmented ? VIOLATIONS.interleaved : null;
  }

  #readLength(bytes: Uint8Array, at: number, lengthBytes: 2 | 8): number {
    if (lengthBytes === 2) {
      const length = uint16(bytes, at);
      if (length < 126) this.violation = VIOLATIONS.lengthNotMinimal;
      return length;
    }
    const high = uint32(bytes, at);
    const length = high * 2 ** 32 + uint32(bytes, at + 4);
    if (high >= 2 ** 31) this.violation = VIOLATIONS.lengthTopBit;
    else if (length < 65_536) this.violation = VIOLATIONS.lengthNotMinimal;
    else if (length > Number.MAX_SAFE_INTEGER) this.violation = VIOLATIONS.lengthUnsafe;
    return length;
  }

  #isTooBig(): boolean {
    if (this.#maxMessageBytes === 0) return false;
    const before = this.opcode === OPCODES.continuation ? this.#messageBytes : 0;
    return before + this.#payloadBytes > this.#maxMessageBytes;
  }

  /** The header of a data frame is passed on: from here on its payload is under way. */
  #enterData(): void {
    const before = this.opcode === OPCODES.continuation ? this.#messageBytes : 0;
    this.#messageBytes = before + this.#payloadBytes;
    this.#fragmented = !this.#final;
    this.#left = this.#payloadBytes;
    if (this.#left === 0 && this.#final) this.messages++;
  }

  #readControlPayload(bytes: Uint8Array, payloadAt: number): void {
    const length = this.#payloadBytes;
    if (this.#masked) {
      for (let i = 0; i < length; i++) {
        const key = bytes[payloadAt - 4 + (i & 3)] as number;
        controlScratch[i] = (bytes[payloadAt + i] as number) ^ key;
      }
    } else {
      for (let i = 0; i < length; i++) controlScratch[i] = bytes[payloadAt + i] as number;
    }
    this.control = controlScratch.subarray(0, length);
  }

  #checkClose(): void {
    const payload = this.control;
    if (payload.length === 0) return;
    if (payload.length === 1) this.violation = VIOLATIONS.closeTooShort;
    else if (!mayBeSent(uint16(payload, 0))) this.violation = VIOLATIONS.closeCode;
    else if (!isUtf8(payload.subarray(2))) this.violation = VIOLATIONS.closeReason;
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 65_536 + uint16(bytes, at + 2);
}
