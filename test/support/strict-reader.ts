import { applyMask, OPCODE } from './build-frames.ts';
import { ByteQueue } from './byte-queue.ts';
import {
  type FrameHeader,
  FrameRules,
  readHeader,
  type StreamRules,
  type ViolationKind,
} from './frame-rules.ts';

export interface ReceivedFrame extends FrameHeader {
  /** Unmasked. */
  readonly payload: Buffer;
}

/** The peer broke RFC 6455; `kind` says how. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation';
  readonly kind: ViolationKind;

  constructor(kind: ViolationKind, header: FrameHeader) {
    super(`${kind} in a frame with opcode ${header.opcode} and ${header.length} bytes`);
    this.kind = kind;
  }
}

/** Reads frames from chunks as they come, and throws at the first that RFC 6455 forbids. */
export class StrictReader {
  readonly bytes = new ByteQueue();
  readonly #rules: FrameRules;
  #header: FrameHeader | null = null;

  constructor(rules: StreamRules) {
    this.#rules = new FrameRules(rules);
  }

  /** The next frame, once it is complete; `null` until then. */
  next(): ReceivedFrame | null {
    this.#header ??= this.#readHeader();
    if (this.#header === null) return null;
    const header = this.#header;
    const payload = this.bytes.take(Number(header.length));
    if (payload === null) return null;
    this.#header = null;
    const own = Buffer.from(payload);
    if (header.mask !== null) applyMask(own, header.mask);
    const wrong = header.opcode === OPCODE.close ? this.#rules.closePayload(own) : null;
    if (wrong !== null) throw new ProtocolViolation(wrong, header);
    return { ...header, payload: own };
  }

  #readHeader(): FrameHeader | null {
    const header = readHeader(this.bytes.peek(14));
    if (header === null) return null;
    const wrong = this.#rules.header(header);
    if (wrong !== null) throw new ProtocolViolation(wrong, header);
    this.bytes.take(header.headerBytes);
    return header;
  }
}
