import { NOT_YET } from './deadlines.ts';

/** Pings that are remembered for their round-trip time; older ones count as settled. */
const MAX_OUTSTANDING = 16;

/** A ping of ours that was written, and when, in precise milliseconds. */
interface SentPing {
  readonly number: number;
  readonly at: number;
}

/**
 * What is awaited of one end: answers to our pings, or to one that the other end sent (RFC 6455 §5.5.2). It exists only
 * while something is, since most of the time nothing is.
 */
export class Probe {
  /** Whether a ping of ours waits for its turn or has not been flushed. */
  underWay = false;
  /** Since when a sign of life is awaited, in coarse time. */
  since = NOT_YET;
  #restartedAt = NOT_YET;
  #outstanding: SentPing[] = [];
  /** Latest ping of the other end to this one, and how many of ours went before it. */
  #foreignPing: Uint8Array | null = null;
  #sentBeforeForeign = 0;

  /** Whether nothing is awaited any more. */
  get isSettled(): boolean {
    return !this.underWay && this.#outstanding.length === 0 && this.#foreignPing === null;
  }

  /** Whether a ping of the other end is unanswered. */
  get awaitsForeignPong(): boolean {
    return this.#foreignPing !== null;
  }

  /** When the end's silence began, given the coarse time of the last byte from it; `NOT_YET` while none is counted. */
  silentSince(lastByteAt: number): number {
    return this.since === NOT_YET ? NOT_YET : Math.max(this.since, lastByteAt, this.#restartedAt);
  }

  /** Starts waiting, unless it waits already. */
  await(now: number): void {
    if (this.since === NOT_YET) this.since = now;
  }

  /** The end took what had been held back from it, or was not read for a while: it is given its time anew. */
  restart(now: number): void {
    this.#restartedAt = now;
  }

  pingWritten(number: number, at: number): void {
    this.#outstanding.push({ number, at });
    if (this.#outstanding.length > MAX_OUTSTANDING) this.#outstanding.shift();
  }

  pingFlushed(now: number): void {
    this.underWay = false;
    if (this.#outstanding.length > 0) this.await(now);
  }

  /** The other end's ping was forwarded. */
  sawForeignPing(payload: Uint8Array): void {
    this.#foreignPing = new Uint8Array(payload);
    this.#sentBeforeForeign = this.#outstanding.length;
  }

  /**
   * A pong to our ping of that number came: it settles that ping and all before it.
   * @param at precise milliseconds.
   * @returns the round-trip time, or `null` when the ping is not outstanding: then the pong is none of ours.
   */
  settle(number: number, at: number): number | null {
    const index = this.#outstanding.findIndex((ping) => ping.number === number);
    const ping = this.#outstanding[index];
    if (ping === undefined) return null;
    this.#forget(index + 1);
    return at - ping.at;
  }

  /** A pong came that is none of ours. A peer may answer only the latest ping (§5.5.3), so it settles ours before it. */
  sawForeignPong(payload: Uint8Array): void {
    if (this.#foreignPing === null || !isSame(payload, this.#foreignPing)) return;
    this.#foreignPing = null;
    this.#forget(this.#sentBeforeForeign);
  }

  #forget(count: number): void {
    this.#outstanding.splice(0, count);
    this.#sentBeforeForeign = Math.max(0, this.#sentBeforeForeign - count);
    if (this.#outstanding.length === 0 && this.#foreignPing === null) this.since = NOT_YET;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
