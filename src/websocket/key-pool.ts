import { randomFillSync } from 'node:crypto';

const KEY_BYTES = 16;
const POOL_BYTES = 256 * KEY_BYTES;

/** Fresh `Sec-WebSocket-Key`s (RFC 6455 §4.1, step 7), drawn from the system many at a time. */
export class KeyPool {
  readonly #pool = Buffer.alloc(POOL_BYTES);
  #used = POOL_BYTES;

  /** 16 random bytes that were never given out before, in base64. */
  next(): string {
    if (this.#used === POOL_BYTES) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    this.#used += KEY_BYTES;
    return this.#pool.toString('base64', this.#used - KEY_BYTES, this.#used);
  }
}
