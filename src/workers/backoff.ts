const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;
/** Who has served for so long ended for a new reason. */
const STEADY_MS = 60_000;

/**
 * How long to wait before a worker that ended is replaced.
 * @param previousMs the last such wait in its place; `0` for none.
 * @param servedMs how long it took connections.
 */
export function nextDelay(previousMs: number, servedMs: number): number {
  if (previousMs === 0 || servedMs >= STEADY_MS) return FIRST_DELAY_MS;
  return Math.min(2 * previousMs, MAX_DELAY_MS);
}
