import { closeSync, openSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { exitCodeOf, type StopSignal } from './exit-codes.ts';

/** A terminal and npm both deliver one Ctrl-C: what comes within this time of the first signal is the same one. */
const SAME_SIGNAL_MS = 1000;

const STOP_SIGNALS: readonly StopSignal[] = ['SIGINT', 'SIGTERM'];

/**
 * Resolves at the first signal to stop. A second one, more than a second later, ends the process at once.
 * @param hangUp called at each SIGHUP, unless it says that the terminal is gone: that stops, too.
 */
export function untilSignal(clock: Clock, hangUp: () => void): Promise<StopSignal> {
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
    // On Windows it says that the console is being closed, and nothing but an end can follow.
    if (process.platform === 'win32') return;
    const hasTerminal = process.stdin.isTTY || process.stdout.isTTY;
    process.on('SIGHUP', () => {
      if (hasTerminal && !isThereTerminal()) onSignal('SIGHUP');
      else hangUp();
    });
  });
}

/**
 * Ends this process as the signal does where nobody handles it. For a terminal that is gone: what runs at an exit would
 * write to it again and again.
 */
export function endBy(signal: StopSignal): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function isThereTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
