/**
 * Where plugins keep what several connections, workers or machines share.
 * Every operation is atomic; every operation is asynchronous, since the next storage may be across a network.
 */
export interface Storage {
  get(key: string): Promise<string | null>;
  /** @param ttlMs forget the value after so many milliseconds; `0` keeps it. */
  set(key: string, value: string, ttlMs: number): Promise<void>;
  /**
   * Adds `by` to a counter that starts at 0. A text that is no number counts as 0.
   * @param ttlMs lifetime of the counter, from the call that made it.
   */
  increment(
    key: string,
    by: number,
    ttlMs: number,
  ): Promise<{ readonly value: number; readonly expiresInMs: number }>;
  /** @returns whether there was something to delete. */
  delete(key: string): Promise<boolean>;
}
