import { Scanner, STEPS } from '../../websocket/scanner.ts';

const FIRST_SLAB_BYTES = 512;
const MAX_SLAB_BYTES = 16 * 1024;

interface Slab {
  readonly bytes: Uint8Array;
  /** What of it is waiting. */
  from: number;
  to: number;
}

/**
 * What a client sent while it had no upstream: data frames, in order. They leave in pieces that end between two messages
 * wherever that can be, so that a loss in between costs as few messages as possible.
 */
export class KeptMessages {
  readonly #slabs: Slab[] = [];
  #bytes = 0;
  /** Follows what has left. */
  #left = new Scanner(true, false, 0);

  /** How many bytes are waiting. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  /** Whether what has left so far ends in the middle of a message. */
  get isMidMessage(): boolean {
    return !this.#left.betweenMessages;
  }

  /** @param bytes data frames or parts of them, headers complete. Copied. */
  add(bytes: Uint8Array): void {
    let slab = this.#slabs.at(-1);
    // Never cut in two: a slab's headers are complete.
    if (slab === undefined || slab.bytes.length - slab.to < bytes.length) {
      const wanted = slab === undefined ? FIRST_SLAB_BYTES : 2 * slab.bytes.length;
      const size = Math.max(bytes.length, Math.min(MAX_SLAB_BYTES, wanted));
      slab = { bytes: new Uint8Array(size), from: 0, to: 0 };
      this.#slabs.push(slab);
    }
    slab.bytes.set(bytes, slab.to);
    slab.to += bytes.length;
    this.#bytes += bytes.length;
  }

  /** Takes out what goes to the upstream next. Not when it is empty. */
  next(): Uint8Array {
    const slab = this.#slabs[0] as Slab;
    const waiting = slab.bytes.subarray(slab.from, slab.to);
    const boundary = this.#lastBoundary(waiting);
    const piece = waiting.subarray(0, boundary);
    slab.from += piece.length;
    if (slab.from === slab.to) this.#slabs.shift();
    this.#bytes -= piece.length;
    return piece;
  }

  /** Where the last message ends that ends in these bytes; their end when none does. */
  #lastBoundary(bytes: Uint8Array): number {
    let boundary = 0;
    for (let at = 0; at < bytes.length; ) {
      if (this.#left.advance(bytes, at, true) === STEPS.violation) return bytes.length;
      at = this.#left.end;
      if (this.#left.betweenMessages) boundary = at;
    }
    if (boundary === 0 || boundary === bytes.length) return bytes.length;
    // What follows the boundary has not left: it will be followed when it does.
    this.#left = new Scanner(true, false, 0);
    return boundary;
  }
}
