import type { Clock } from '../base/clock.ts';
import type { Connection } from '../base/connection.ts';
import type { Logger } from '../base/logger.ts';
import type { Registry } from './registry.ts';

/** A connection in the middle of a message may finish it first, for so long. */
const FINISH_MESSAGE_MS = 1000;

export interface Drain {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds until what is still open is terminated. */
  readonly timeoutMs: number;
}

/** Tells a connection that the service restarts: the client may come back at once, to another process (close code 1012). */
export function sendAway(connection: Connection): void {
  connection.close('draining', { at: 'message', withinMs: FINISH_MESSAGE_MS });
}

/** Closes every connection and waits until all have ended; those that have not in time are terminated. */
export async function drain({ registry, clock, logger, timeoutMs }: Drain): Promise<void> {
  const open = [...registry.connections()];
  if (open.length > 0) logger.info({ connections: open.length }, 'draining');
  for (const connection of open) sendAway(connection);

  const stopWaiting = clock.after(timeoutMs, () => terminateAll(registry, logger));
  // A handshake that was under way may still have become a connection, and is closed as it opens.
  for (let rest = open; rest.length > 0; rest = [...registry.connections()]) {
    await Promise.all(rest.map((connection) => connection.ended));
  }
  stopWaiting();
}

function terminateAll(registry: Registry, logger: Logger): void {
  const rest = [...registry.connections()];
  logger.warn({ connections: rest.length }, 'the time to drain is up: terminating what is still open');
  for (const connection of rest) connection.terminate();
}
