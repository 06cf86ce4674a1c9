/** How many control frames a side may send: `perSecond` on the average, twice as many in a burst. */
export class ControlAllowance {
  readonly #perSecond: number;
  #left: number;
  #refilledAt: number;

  /** @param now milliseconds, like those of `spend`. */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = 2 * perSecond;
    this.#refilledAt = now;
  }

  /** Takes one frame off the allowance. @returns false when none is left. */
  spend(now: number): boolean {
    const earned = ((now - this.#refilledAt) * this.#perSecond) / 1000;
    this.#left = Math.min(2 * this.#perSecond, this.#left + earned);
    this.#refilledAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
