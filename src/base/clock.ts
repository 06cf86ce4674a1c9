/** Undoes what returned it: stops a timer, removes a listener. Calling it twice does nothing. */
export type Cancel = () => void;

/**
 * Where every part of the gateway gets its time, so that a test can drive hours in a millisecond.
 * Timers of a clock never keep a process alive by themselves.
 */
export interface Clock {
  /** Milliseconds that only ever grow. Not a date. */
  now(): number;
  /** Calls `f` every `ms` milliseconds until cancelled. */
  every(ms: number, f: () => void): Cancel;
  /** Calls `f` once, after `ms` milliseconds, unless cancelled. */
  after(ms: number, f: () => void): Cancel;
}

/** Node's timers take 24.8 days at most, and fire at once when asked for more. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The machine's monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  every(ms, f) {
    const timer = setInterval(f, Math.min(ms, MAX_TIMER_MS)).unref();
    return () => clearInterval(timer);
  },
  after(ms, f) {
    const timer = setTimeout(f, Math.min(ms, MAX_TIMER_MS)).unref();
    return () => clearTimeout(timer);
  },
};
