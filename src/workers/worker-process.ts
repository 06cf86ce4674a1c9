import type { ToPrimary, ToWorker } from './messages.ts';

/** A process that was started as a worker. */
export interface WorkerProcess {
  /** `null` when it could not be started; then `exit` tells why. */
  readonly pid: number | null;
  /** What it cannot be told any more is lost. */
  send(message: ToWorker): void;
  /** Ends it at once. */
  kill(): void;
}

/** How a process ended. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Why it could not be started at all. */
  readonly error?: Error;
}

export interface WorkerEvents {
  message(message: ToPrimary): void;
  /** Exactly once, never from within `Spawn`: when the process is gone and its last line was passed on. */
  exit(how: WorkerExit): void;
}

/** Starts a process. Never throws. */
export type Spawn = (events: WorkerEvents) => WorkerProcess;
