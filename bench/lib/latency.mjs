/** @typedef {{ p50: number, p99: number, p999: number, max: number }} Percentiles In ms. */

/** Keeps every single latency of a window, so that percentiles are exact and recording costs next to nothing. */
export class LatencyRecorder {
  #values;
  #count = 0;

  /** @param {number} capacity How many there will be at most. */
  constructor(capacity) {
    this.#values = new Float64Array(capacity);
  }

  /** @param {number} ms */
  record(ms) {
    if (this.#count === this.#values.length) throw new Error(`more than ${this.#count} latencies`);
    this.#values[this.#count++] = ms;
  }

  /** @returns {Percentiles} */
  percentiles() {
    const sorted = this.#values.slice(0, this.#count).sort();
    return {
      p50: atLeast(sorted, 0.5),
      p99: atLeast(sorted, 0.99),
      p999: atLeast(sorted, 0.999),
      max: atLeast(sorted, 1),
    };
  }
}

/**
 * The smallest value that this share of all is not above. No mean of neighbours: each was somebody's latency.
 * @param {Float64Array} sorted
 * @param {number} share
 */
function atLeast(sorted, share) {
  // Rounding must not make 0.999 of 1000 into the 1000th.
  const rank = Math.ceil(share * sorted.length - 1e-9);
  return sorted[Math.max(rank, 1) - 1] ?? Number.NaN;
}
