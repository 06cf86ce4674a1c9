import type { Cancel, Clock } from '../../src/base/clock.ts';

interface Timer {
  dueMs: number;
  /** Breaks ties: timers due at the same moment fire in the order in which they were set. */
  order: number;
  readonly everyMs: number | null;
  readonly f: () => void;
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  /** How many timers are set: 0 when everything that used the clock has let go of it. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#nowMs;
  }

  every(ms: number, f: () => void): Cancel {
    return this.#set(ms, ms, f);
  }

  after(ms: number, f: () => void): Cancel {
    return this.#set(ms, null, f);
  }

  /**
   * Moves time forward and fires what becomes due on the way, in order, each at its own moment; timers set while
   * firing count too. An error of a timer reaches the caller, with the time left where it was thrown.
   */
  advance(ms: number): void {
    if (!(ms >= 0)) throw new RangeError(`time only moves forward, not by ${ms} ms`);
    const endMs = this.#nowMs + ms;
    for (let timer = this.#next(endMs); timer !== null; timer = this.#next(endMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      this.#rearm(timer);
      timer.f();
    }
    this.#nowMs = endMs;
  }

  #set(ms: number, everyMs: number | null, f: () => void): Cancel {
    // Node treats 0, negative and absent delays as 1: an interval of 0 would never let advance() return.
    const delayMs = Math.max(ms, 1);
    const timer: Timer = {
      dueMs: this.#nowMs + delayMs,
      order: this.#order++,
      everyMs: everyMs === null ? null : delayMs,
      f,
    };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  #next(untilMs: number): Timer | null {
    let next: Timer | null = null;
    for (const timer of this.#timers) {
      if (timer.dueMs > untilMs) continue;
      if (
        next === null ||
        timer.dueMs < next.dueMs ||
        (timer.dueMs === next.dueMs && timer.order < next.order)
      ) {
        next = timer;
      }
    }
    return next;
  }

  #rearm(timer: Timer): void {
    if (timer.everyMs === null) {
      this.#timers.delete(timer);
      return;
    }
    timer.dueMs += timer.everyMs;
    timer.order = this.#order++;
  }
}
