/** Received bytes in order, joined only as far as somebody reads them. */
export class ByteQueue {
  #chunks: Buffer[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
  }

  /** At most the first `n` bytes, left in the queue. */
  peek(n: number): Buffer {
    let first = this.#chunks[0] ?? Buffer.alloc(0);
    while (first.length < n && this.#chunks.length > 1) {
      const joined = Buffer.concat(this.#chunks.splice(0, Math.max(2, this.#chunksFor(n))));
      this.#chunks.unshift(joined);
      first = joined;
    }
    return first.subarray(0, n);
  }

  /** The first `n` bytes, or `null` while there are fewer. */
  take(n: number): Buffer | null {
    if (this.#length < n) return null;
    const bytes = this.peek(n);
    this.#length -= n;
    const first = this.#chunks[0];
    if (first === undefined) return bytes;
    if (first.length === n) this.#chunks.shift();
    else this.#chunks[0] = first.subarray(n);
    return bytes;
  }

  takeAll(): Buffer {
    return this.take(this.#length) ?? Buffer.alloc(0);
  }

  #chunksFor(n: number): number {
    let total = 0;
    const enough = this.#chunks.findIndex((chunk) => {
      total += chunk.length;
      return total >= n;
    });
    return enough < 0 ? this.#chunks.length : enough + 1;
  }
}
