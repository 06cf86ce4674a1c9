import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { GatewayStats } from '../gateway/registry.ts';

/** How often somebody who watches is told how far a drain is. */
export const TERMINAL_PROGRESS_MS = 1000;
/** The same for those who read the log later. */
export const LOG_PROGRESS_MS = 5000;

export interface ProgressParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly everyMs: number;
}

/** Waits for a stop, and says meanwhile how many connections are left and how long it will take. */
export async function reportDrain(
  stopped: Promise<void>,
  stats: () => Promise<GatewayStats>,
  { clock, logger, everyMs }: ProgressParts,
): Promise<void> {
  let isOver = false;
  const report = async (): Promise<void> => {
    const { connections, drainMs } = await stats();
    if (isOver || connections === 0) return;
    logger.info({ connections, secondsLeft: Math.ceil(drainMs / 1000) }, 'still draining');
  };
  const quiet = clock.every(everyMs, () => void report());
  await stopped;
  isOver = true;
  quiet();
}
