import type { RoundTrip } from '../base/relay.ts';

/** Round-trip times of one end, in whole microseconds: V8 keeps small whole numbers without an object each. */
export class RoundTrips {
  #count = 0;
  #last = 0;
  #min = 0;
  #max = 0;
  #sum = 0;

  add(ms: number): void {
    const us = Math.round(ms * 1000);
    this.#last = us;
    this.#min = this.#count === 0 ? us : Math.min(this.#min, us);
    this.#max = Math.max(this.#max, us);
    this.#sum += us;
    this.#count++;
  }

  /** Only once there is one. */
  summary(): RoundTrip {
    return {
      count: this.#count,
      lastMs: this.#last / 1000,
      minMs: this.#min / 1000,
      maxMs: this.#max / 1000,
      meanMs: this.#sum / this.#count / 1000,
    };
  }
}
