import { type Cancel, type Clock, systemClock } from '../../src/base/clock.ts';

/** The machine's clock, with a count of the timers that are set: Node does not tell of unreferenced ones. */
export class CountingClock implements Clock {
  readonly #timers = new Set<object>();

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return systemClock.now();
  }

  every(ms: number, f: () => void): Cancel {
    const timer = {};
    this.#timers.add(timer);
    return this.#forgetting(timer, systemClock.every(ms, f));
  }

  after(ms: number, f: () => void): Cancel {
    const timer = {};
    this.#timers.add(timer);
    const cancel = systemClock.after(ms, () => {
      this.#timers.delete(timer);
      f();
    });
    return this.#forgetting(timer, cancel);
  }

  #forgetting(timer: object, cancel: Cancel): Cancel {
    return () => {
      this.#timers.delete(timer);
      cancel();
    };
  }
}
