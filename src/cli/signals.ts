import type { Clock } from '../base/clock.ts';
import { exitCodeOf, type StopSignal } from './exit-codes.ts';

/** A terminal and npm both deliver one Ctrl-C: what comes within this time of the first signal is the same one. */
const SAME_SIGNAL_MS = 1000;

const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/** Resolves at the first signal to stop. A second one, more than a second later, ends the process at once. */
export function untilSignal(clock: Clock): Promise<StopSignal> {
  return new Promise((resolve) => {
    let firstAt: number | null = null;
    const onSignal = (signal: StopSignal): void => {
      if (firstAt === null) {
        firstAt = clock.now();
        resolve(signal);
      } else if (clock.now() - firstAt > SAME_SIGNAL_MS) {
        process.exit(exitCodeOf(signal));
      }
    };
    for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  });
}
