import type { RoundTrip } from '../base/relay.ts';
import { NOT_YET, type Pump } from './pump.ts';

/** Pings that are remembered for their round-trip time; older ones count as settled. */
const MAX_OUTSTANDING = 16;

const TOKEN_BYTES = 4;
const PAYLOAD_BYTES = TOKEN_BYTES + 4;

/**
 * The gateway's own pings to one side (RFC 6455 §5.5.2), and when that side counts as dead. Their payload is four random
 * bytes of the connection and a counter, so that a pong to one of ours is told from the ends' own.
 */
export class Heartbeat {
  /** What comes from the side, and what goes to it. */
  readonly #from: Pump;
  readonly #to: Pump;
  readonly #token: number;
  #sent = 0;
  #settled = 0;
  /** When the unsettled pings were written, oldest first. */
  #outstanding: number[] = [];
  /** Whether a ping of ours was written or waits for its turn, and has not been flushed. */
  #underWay = false;
  /** Since when a sign of life is awaited. */
  #waitingSince = NOT_YET;
  /** Latest ping of the other end to this side that is unanswered, and how many of ours went before it. */
  #foreignPing: Uint8Array | null = null;
  #sentBeforeForeign = 0;
  #roundTrips = 0;
  #lastMs = 0;
  #minMs = 0;
  #maxMs = 0;
  #sumMs = 0;

  constructor(from: Pump, to: Pump, token: Uint8Array) {
    this.#from = from;
    this.#to = to;
    this.#token = uint32(token, 0);
  }

  get roundTrip(): RoundTrip | null {
    if (this.#roundTrips === 0) return null;
    return {
      count: this.#roundTrips,
      lastMs: this.#lastMs,
      minMs: this.#minMs,
      maxMs: this.#maxMs,
      meanMs: this.#sumMs / this.#roundTrips,
    };
  }

  /**
   * A ping is due. While one of the other end is unanswered that one is the probe: a peer may answer only the latest
   * ping (RFC 6455 §5.5.3), so ours would rob the other end of its answer.
   * @returns the payload to send, or `null`.
   */
  nextPing(now: number): Uint8Array | null {
    if (this.#foreignPing !== null) {
      this.#await(now);
      return null;
    }
    if (this.#underWay) return null;
    this.#underWay = true;
    this.#sent = (this.#sent + 1) >>> 0;
    const payload = new Uint8Array(PAYLOAD_BYTES);
    putUint32(payload, 0, this.#token);
    putUint32(payload, TOKEN_BYTES, this.#sent);
    return payload;
  }

  /** @param at precise milliseconds, for the round-trip time. */
  pingWritten(at: number): void {
    this.#outstanding.push(at);
    if (this.#outstanding.length > MAX_OUTSTANDING) {
      this.#outstanding.shift();
      this.#settled++;
    }
  }

  pingFlushed(now: number): void {
    this.#underWay = false;
    if (this.#outstanding.length > 0) this.#await(now);
  }

  /** A ping of the other end was forwarded to this side. */
  sawForeignPing(payload: Uint8Array): void {
    this.#foreignPing = payload.slice();
    this.#sentBeforeForeign = this.#settled + this.#outstanding.length;
  }

  /**
   * A pong came from this side.
   * @param at precise milliseconds, for the round-trip time.
   * @returns whether it answers an unsettled ping of ours, and is nobody else's business.
   */
  sawPong(payload: Uint8Array, at: number): boolean {
    const settles = this.#pingsSettledBy(payload);
    if (settles > 0) {
      this.#measure(at - (this.#outstanding[settles - 1] as number));
      this.#settle(settles);
      return true;
    }
    if (this.#foreignPing !== null && isSame(payload, this.#foreignPing)) {
      this.#foreignPing = null;
      this.#settle(this.#sentBeforeForeign - this.#settled);
    }
    return false;
  }

  /**
   * When the side's silence began that its next sign of life will end; `NOT_YET` while nothing is awaited of it.
   * Every byte from it and every completed write to it starts the wait again; while we do not read it, none runs.
   */
  get silentSince(): number {
    if (this.#waitingSince === NOT_YET || this.#from.paused) return NOT_YET;
    return Math.max(this.#waitingSince, this.#from.lastByteAt, this.#from.resumedAt, this.#to.lastFlushAt);
  }

  #await(now: number): void {
    if (this.#waitingSince === NOT_YET) this.#waitingSince = now;
  }

  /** How many pings a pong settles: that which it answers, and all before it. */
  #pingsSettledBy(payload: Uint8Array): number {
    if (payload.length !== PAYLOAD_BYTES || uint32(payload, 0) !== this.#token) return 0;
    const settles = uint32(payload, TOKEN_BYTES) - this.#settled;
    return settles > 0 && settles <= this.#outstanding.length ? settles : 0;
  }

  #settle(count: number): void {
    if (count > 0) {
      this.#outstanding.splice(0, count);
      this.#settled += count;
    }
    if (this.#outstanding.length === 0 && this.#foreignPing === null) this.#waitingSince = NOT_YET;
  }

  #measure(ms: number): void {
    this.#lastMs = ms;
    this.#minMs = this.#roundTrips === 0 ? ms : Math.min(this.#minMs, ms);
    this.#maxMs = Math.max(this.#maxMs, ms);
    this.#sumMs += ms;
    this.#roundTrips++;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function uint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
}

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, value);
}
