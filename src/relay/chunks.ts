/** Node allocates smaller buffers from a pool of its own. */
const SMALL_BYTES = 4096;

const READ_BYTES = 65_536;

/**
 * Keeps what was read into a shared buffer for as long as it takes to write it: mostly until the call returns, since the
 * network takes it at once. So a large chunk needs no buffer of its own, which would cost more than the copy.
 */
export class Chunks {
  #spare: Buffer | null = null;

  /** @param writesAtOnce whether nothing waits to be written before it, so that it may come back soon. */
  keep(bytes: Buffer, writesAtOnce: boolean): Buffer {
    const chunk = this.#room(bytes.length, writesAtOnce);
    chunk.set(bytes);
    return chunk;
  }

  /** Takes a chunk back that nothing refers to any more. */
  giveBack(chunk: Buffer): void {
    if (chunk.buffer.byteLength === READ_BYTES) this.#spare = chunk;
  }

  #room(length: number, writesAtOnce: boolean): Buffer {
    if (length < SMALL_BYTES || !writesAtOnce || length > READ_BYTES) return Buffer.allocUnsafe(length);
    const spare = this.#spare;
    this.#spare = null;
    if (spare === null) return Buffer.allocUnsafeSlow(READ_BYTES).subarray(0, length);
    return spare.length === length ? spare : Buffer.from(spare.buffer, 0, length);
  }
}
