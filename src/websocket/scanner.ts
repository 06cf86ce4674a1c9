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
  /** A data frame without payload that is a fragment of a longer message: pass on. */
  emptyFragment: 2,
  /** A whole control frame: `opcode` and `control` tell which. */
  control: 3,
  /** The rest of the chunk is an incomplete header or control frame: held back. */
  held: 4,
  /** `violation` says what is wrong; the scanner is of no further use. */
  violation: 5,
} as const;

export type Step = (typeof STEPS)[keyof typeof STEPS];

const MAX_HELD_BYTES = 6 + MAX_CONTROL_PAYLOAD_BYTES;

/**
 * What the latest step of any scanner found. It is looked at before the next step is taken, so one is enough for all:
 * a connection that idles holds what it has to remember, and nothing else.
 */
const found = {
  end: 0,
  opcode: 0,
  frame: null as Uint8Array | null,
  violation: null as Violation | null,
  controlBytes: 0,
  headerBytes: 0,
  payloadBytes: 0,
};

/** The unmasked payload of the control frame that was found. */
const controlScratch = new Uint8Array(MAX_CONTROL_PAYLOAD_BYTES);

/** An incomplete header or control frame. */
interface Held {
  readonly bytes: Uint8Array;
  length: number;
}

/**
 * Follows one direction of a WebSocket stream from frame to frame (RFC 6455 §5.2) and never looks at the payload of
 * data frames: it is neither copied, unmasked nor inflated. Whatever the chunks are cut like, the steps mean the same.
 * What a step found stands in `end`, `opcode`, `control`, `frame` and `violation` until the next step of any scanner.
 */
export class Scanner {
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
  #held: Held | null = null;

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

  /** Where the latest step ended in its chunk. */
  get end(): number {
    return found.end;
  }

  /** Opcode of the latest header. */
  get opcode(): number {
    return found.opcode;
  }

  /** Unmasked payload of the latest control frame. */
  get control(): Uint8Array {
    return controlScratch.subarray(0, found.controlBytes);
  }

  /** The latest header or control frame as on the wire, if it arrived in pieces; else `null`. */
  get frame(): Uint8Array | null {
    return found.frame;
  }

  /** What is wrong with the latest header or control frame. */
  get violation(): Violation | null {
    return found.violation;
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
    found.frame = null;
    found.violation = null;
    if (this.#held !== null) return this.#continueHeld(this.#held, chunk, at);

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
        position += found.headerBytes;
        continue;
      }
      // Anything else is a step of its own; what came before it is passed on first.
      if (position > at) return this.#passedTo(position);
      if (found.violation !== null) return STEPS.violation;
      if (!complete || available < this.#frameBytes()) return this.#hold(chunk, position);
      return this.#finishFrame(chunk, position, position + this.#frameBytes());
    }
  }

  #passedTo(position: number): Step {
    found.end = position;
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
    return found.violation === null && found.opcode < OPCODES.close && !this.#isEmptyFragment();
  }

  #isEmptyFragment(): boolean {
    return found.payloadBytes === 0 && (found.opcode === OPCODES.continuation || !this.#final);
  }

  /** Bytes of the frame just read that have to be there at once: all of a control frame, the header of others. */
  #frameBytes(): number {
    return found.opcode < OPCODES.close ? found.headerBytes : found.headerBytes + found.payloadBytes;
  }

  #hold(chunk: Uint8Array, position: number): Step {
    this.#held = { bytes: new Uint8Array(MAX_HELD_BYTES), length: chunk.length - position };
    this.#held.bytes.set(chunk.subarray(position));
    found.end = chunk.length;
    return STEPS.held;
  }

  /** Takes as many bytes as the held header or control frame lacks, which it may tell only bit by bit. */
  #continueHeld(held: Held, chunk: Uint8Array, at: number): Step {
    let position = at;
    for (;;) {
      const complete = this.#readHeader(held.bytes, 0, held.length);
      if (found.violation !== null) return STEPS.violation;
      const lacking = (complete ? this.#frameBytes() : found.headerBytes) - held.length;
      if (complete && lacking === 0) return this.#finishHeld(held, position);
      if (position === chunk.length) {
        found.end = position;
        return STEPS.held;
      }
      const taken = Math.min(lacking, chunk.length - position);
      held.bytes.set(chunk.subarray(position, position + taken), held.length);
      held.length += taken;
      position += taken;
    }
  }

  #finishHeld({ bytes, length }: Held, position: number): Step {
    const frame = bytes.subarray(0, length);
    this.#held = null;
    found.frame = frame;
    if (this.#isPayload()) {
      this.#enterData();
      found.end = position;
      return STEPS.header;
    }
    return this.#finishFrame(frame, 0, position);
  }

  /** The frame at `start` of `bytes` is complete: a control frame, or an empty fragment. */
  #finishFrame(bytes: Uint8Array, start: number, end: number): Step {
    found.end = end;
    if (found.opcode < OPCODES.close) {
      this.#enterData();
      return STEPS.emptyFragment;
    }
    this.#readControlPayload(bytes, start + found.headerBytes);
    if (found.opcode === OPCODES.close) this.#checkClose();
    return found.violation === null ? STEPS.control : STEPS.violation;
  }

  /**
   * Reads and checks a header.
   * @returns false when bytes are missing (`found.headerBytes` is then how many it takes to know more) or it is invalid.
   */
  #readHeader(bytes: Uint8Array, at: number, available: number): boolean {
    found.headerBytes = 2;
    found.violation = null;
    if (available < 2) return false;
    const first = bytes[at] as number;
    const second = bytes[at + 1] as number;
    found.opcode = first & 0x0f;
    found.violation = this.#checkFirstBytes(first, second);
    if (found.violation !== null) return false;

    const short = second & 0x7f;
    const lengthBytes = short < 126 ? 0 : short === 126 ? 2 : 8;
    found.headerBytes = 2 + lengthBytes + (this.#masked ? 4 : 0);
    if (available < found.headerBytes) return false;
    found.payloadBytes = lengthBytes === 0 ? short : this.#readLength(bytes, at + 2, lengthBytes);
    if (found.violation !== null) return false;
    if (found.opcode < OPCODES.close) {
      this.#final = first >= 0x80;
      if (this.#isTooBig()) found.violation = VIOLATIONS.messageTooBig;
    }
    return found.violation === null;
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
      if (length < 126) found.violation = VIOLATIONS.lengthNotMinimal;
      return length;
    }
    const high = uint32(bytes, at);
    const length = high * 2 ** 32 + uint32(bytes, at + 4);
    if (high >= 2 ** 31) found.violation = VIOLATIONS.lengthTopBit;
    else if (length < 65_536) found.violation = VIOLATIONS.lengthNotMinimal;
    else if (length > Number.MAX_SAFE_INTEGER) found.violation = VIOLATIONS.lengthUnsafe;
    return length;
  }

  #isTooBig(): boolean {
    if (this.#maxMessageBytes === 0) return false;
    const before = found.opcode === OPCODES.continuation ? this.#messageBytes : 0;
    return before + found.payloadBytes > this.#maxMessageBytes;
  }

  /** The header of a data frame is passed on: from here on its payload is under way. */
  #enterData(): void {
    const before = found.opcode === OPCODES.continuation ? this.#messageBytes : 0;
    this.#messageBytes = before + found.payloadBytes;
    this.#fragmented = !this.#final;
    this.#left = found.payloadBytes;
    if (this.#left === 0 && this.#final) this.messages++;
  }

  #readControlPayload(bytes: Uint8Array, payloadAt: number): void {
    const length = found.payloadBytes;
    if (this.#masked) {
      for (let i = 0; i < length; i++) {
        const key = bytes[payloadAt - 4 + (i & 3)] as number;
        controlScratch[i] = (bytes[payloadAt + i] as number) ^ key;
      }
    } else {
      for (let i = 0; i < length; i++) controlScratch[i] = bytes[payloadAt + i] as number;
    }
    found.controlBytes = length;
  }

  #checkClose(): void {
    const payload = this.control;
    if (payload.length === 0) return;
    if (payload.length === 1) found.violation = VIOLATIONS.closeTooShort;
    else if (!mayBeSent(uint16(payload, 0))) found.violation = VIOLATIONS.closeCode;
    else if (!isUtf8(payload.subarray(2))) found.violation = VIOLATIONS.closeReason;
  }
}

function uint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

function uint32(bytes: Uint8Array, at: number): number {
  return uint16(bytes, at) * 65_536 + uint16(bytes, at + 2);
}
