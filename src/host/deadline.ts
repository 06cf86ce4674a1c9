import type { Cancel, Clock } from '../base/clock.ts';
import { holdProcess } from '../base/hold-process.ts';

/** How long a plugin may take to be imported, a component to be built, and a disposer to run. */
export const PLUGIN_DEADLINE_MS = 10_000;

/** Some work of a plugin was not done in time. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
}

/**
 * Waits for a plugin's work, but no longer than `withinMs`; rejects with a `DeadlineError` then. A plugin that waits
 * for something that never comes must not end the process silently either, so the wait holds it.
 */
export async function withDeadline<T>(
  clock: Clock,
  work: () => T | Promise<T>,
  withinMs = PLUGIN_DEADLINE_MS,
): Promise<T> {
  const release = holdProcess();
  let cancel: Cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    const error = new DeadlineError(`did not finish within ${withinMs / 1000} s`);
    cancel = clock.after(withinMs, () => reject(error));
  });
  try {
    return await Promise.race([Promise.resolve().then(work), late]);
  } finally {
    cancel();
    release();
  }
}
