import { Scanner, STEPS } from '../../websocket/scanner.ts';

/** Is handed a stream in parts. What it is handed is valid during the call only, payloads excepted. */
export interface FrameSink {
  /** Data frames or parts of them. Their headers are complete. */
  data(bytes: Uint8Array): void;
  /** A whole control frame. @returns whether to go on with what follows. */
  control(opcode: number, payload: Uint8Array, frame: Uint8Array): boolean;
  /** What is no valid frame, and everything after it. */
  broken(bytes: Uint8Array): void;
}

const NOTHING = new Uint8Array(0);

/**
 * Takes one direction of a stream apart at its control frames. What is incomplete, header or control frame, is kept
 * back until it is whole, so that the stream may end after any part with nothing half said.
 */
export class FrameFollower {
  readonly #scanner: Scanner;
  /** An incomplete header or control frame. */
  #partial: Uint8Array = NOTHING;
  #isBroken = false;

  /** @param masked whether it comes from the client (RFC 6455 §5.1). */
  constructor(masked: boolean) {
    // Sizes are the relay's business, and nobody was offered compression.
    this.#scanner = new Scanner(masked, false, 0);
  }

  /** Whether all data that was handed on ends between two messages. */
  get betweenMessages(): boolean {
    return !this.#isBroken && this.#scanner.betweenMessages;
  }

  follow(chunk: Uint8Array, sink: FrameSink): void {
    if (this.#isBroken) {
      sink.broken(chunk);
      return;
    }
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      const step = this.#scanner.advance(chunk, at, false);
      const { end, frame, opcode } = this.#scanner;
      const runsOn = (step === STEPS.data || step === STEPS.emptyFragment) && frame === null;
      if (runsOn) {
        at = end;
        continue;
      }
      const payload = step === STEPS.control ? new Uint8Array(this.#scanner.control) : NOTHING;
      if (at > from) sink.data(chunk.subarray(from, at));
      if (step === STEPS.violation) {
        this.#break(chunk.subarray(at), sink);
        return;
      }
      const part = chunk.subarray(at, end);
      from = end;
      at = end;
      if (step === STEPS.held) this.#keepBack(part);
      else {
        this.#partial = NOTHING;
        if (step !== STEPS.control) sink.data(frame ?? part);
        else if (!sink.control(opcode, payload, frame ?? part)) return;
      }
    }
    if (at > from) sink.data(chunk.subarray(from, at));
  }

  #keepBack(part: Uint8Array): void {
    this.#partial = Buffer.concat([this.#partial, part]);
  }

  #break(rest: Uint8Array, sink: FrameSink): void {
    this.#isBroken = true;
    sink.broken(Buffer.concat([this.#partial, rest]));
    this.#partial = NOTHING;
  }
}
