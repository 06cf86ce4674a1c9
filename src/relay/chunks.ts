/** Node allocates smaller buffers from a pool of its own, of which nothing may come back here. */
const SMALL_BYTES = 4096;

const ROOM_BYTES = 65_536;

/**
 * Keeps what was read into a shared buffer for as long as it takes to write it: mostly until the call returns, since the
 * network takes it at once. So a large chunk needs no buffer of its own, which would cost more than the copy.
 */
export class Chunks {
  /** A room that nothing refers to. */
  #spare: Buffer | null = null;
  /** The room that the latest chunk lies in, if it lies in one. */
  #lent: Buffer | null = null;

  /** @param writesAtOnce whether nothing waits to be written before it, so that it may come back soon. */
  keep(bytes: Buffer, writesAtOnce: boolean): Buffer {
    const { length } = bytes;
    const needsRoom = length >= SMALL_BYTES && length <= ROOM_BYTES && writesAtOnce;
    this.#lent = needsRoom ? this.#takeRoom() : null;
    const chunk = this.#lent?.subarray(0, length) ?? Buffer.allocUnsafe(length);
    chunk.set(bytes);
    return chunk;
  }

  /** Nothing refers to the latest chunk any more. */
  giveBack(): void {
    if (this.#lent !== null) this.#spare = this.#lent;
    this.#lent = null;
  }

  #takeRoom(): Buffer {
    const room = this.#spare ?? Buffer.allocUnsafeSlow(ROOM_BYTES);
    this.#spare = null;
    return room;
  }
}
