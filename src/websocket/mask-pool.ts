import { randomFillSync } from 'node:crypto';

const POOL_BYTES = 4096;

/** Fresh random bytes for masking keys and tokens (RFC 6455 §5.3), drawn from the system a few kilobytes at a time. */
export class MaskPool {
  #pool = new Uint8Array(POOL_BYTES);
  #used = POOL_BYTES;

  /** Four bytes that were never given out before. Valid until the pool is refilled: copy them at once. */
  next(): Uint8Array {
    if (this.#used === POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    this.#used += 4;
    return this.#pool.subarray(this.#used - 4, this.#used);
  }
}
