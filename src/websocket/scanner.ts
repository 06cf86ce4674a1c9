import { isUtf8 } from 'node:buffer';
import { mayBeSent } from './close-codes.ts';
import { header, readHeader, uint16 } from './frame-header.ts';
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

/** What the latest step of any scanner found, besides the header. One is enough for all, as with `header`. */
const found = {
  end: 0,
  frame: null as Uint8Array | null,
  violation: null as Violation | null,
  controlBytes: 0,
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
    return header.opcode;
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
        position += header.headerBytes;
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
    return found.violation === null && header.opcode < OPCODES.close && !this.#isEmptyFragment();
  }

  #isEmptyFragment(): boolean {
    return header.payloadBytes === 0 && (header.opcode === OPCODES.continuation || !header.final);
  }

  /** Bytes of the frame just read that have to be there at once: all of a control frame, the header of others. */
  #frameBytes(): number {
    return header.opcode < OPCODES.close ? header.headerBytes : header.headerBytes + header.payloadBytes;
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
      const lacking = (complete ? this.#frameBytes() : header.headerBytes) - held.length;
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
    if (header.opcode < OPCODES.close) {
      this.#enterData();
      return STEPS.emptyFragment;
    }
    this.#readControlPayload(bytes, start + header.headerBytes);
    if (header.opcode === OPCODES.close) this.#checkClose();
    return found.violation === null ? STEPS.control : STEPS.violation;
  }

  /** @returns false when bytes are missing, or when the header is invalid. */
  #readHeader(bytes: Uint8Array, at: number, available: number): boolean {
    const complete = readHeader(bytes, at, available, this.#masked, this.#deflate, this.#fragmented);
    found.violation = header.violation;
    if (complete && header.opcode < OPCODES.close && this.#isTooBig())
      found.violation = VIOLATIONS.messageTooBig;
    return complete && found.violation === null;
  }

  #isTooBig(): boolean {
    if (this.#maxMessageBytes === 0) return false;
    const before = header.opcode === OPCODES.continuation ? this.#messageBytes : 0;
    return before + header.payloadBytes > this.#maxMessageBytes;
  }

  /** The header of a data frame is passed on: from here on its payload is under way. */
  #enterData(): void {
    const before = header.opcode === OPCODES.continuation ? this.#messageBytes : 0;
    this.#messageBytes = before + header.payloadBytes;
    this.#final = header.final;
    this.#fragmented = !header.final;
    this.#left = header.payloadBytes;
    if (this.#left === 0 && this.#final) this.messages++;
  }

  #readControlPayload(bytes: Uint8Array, payloadAt: number): void {
    const length = header.payloadBytes;
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
