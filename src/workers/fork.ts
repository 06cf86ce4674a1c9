import cluster from 'node:cluster';
import type { Clock } from '../base/clock.ts';
import { Lines } from './lines.ts';
import type { ToPrimary } from './messages.ts';
import type { Spawn, WorkerExit } from './worker-process.ts';

/** How long the last lines of a worker are waited for, should a process of its own hold its output open. */
const LAST_LINES_MS = 1000;

export interface ForkParts {
  /** The module that a worker runs. */
  readonly exec: string;
  /** Gets what workers write to standard output: whole lines, each with its line break. */
  readonly writeLines: (lines: string) => void;
  readonly clock: Clock;
  /**
   * Whether workers accept by themselves, as the kernel wakes them. What the first process has accepted and given to
   * nobody when its workers stop is lost; what waits in the kernel is for whoever accepts on the same socket next.
   */
  readonly workersAccept: boolean;
}

/**
 * Starts workers with `node:cluster`: the first process takes connections, and gives them to its workers in turn, which
 * is what keeps the long-lived ones balanced (docs/workers.md has figures).
 */
export function forkWorkers({ exec, writeLines, clock, workersAccept }: ForkParts): Spawn {
  if (workersAccept) cluster.schedulingPolicy = cluster.SCHED_NONE;
  cluster.setupPrimary({
    exec,
    args: [],
    // Plain data that JSON would change: what is undefined or no finite number.
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  return (events) => {
    const worker = cluster.fork();
    const { stdout, pid } = worker.process;
    const lines = new Lines(writeLines);
    const read = new Promise<void>((resolve) => {
      stdout?.setEncoding('utf8').on('data', (text: string) => lines.push(text));
      stdout?.on('error', () => {}).once('close', resolve);
    });
    let over = false;
    const ended = async (how: WorkerExit): Promise<void> => {
      if (over) return;
      over = true;
      const late = new Promise<void>((resolve) => void clock.after(LAST_LINES_MS, resolve));
      await Promise.race([read, late]);
      lines.end();
      events.exit(how);
    };
    worker.on('message', (message: ToPrimary) => events.message(message));
    worker.on('exit', (code: number | null, signal: string | null) => void ended({ code, signal }));
    worker.on('error', (error) => {
      // Errors of sending are followed by its end.
      if (pid === undefined) void ended({ code: null, signal: null, error });
    });
    return {
      pid: pid ?? null,
      send: (message) => void worker.send(message, () => {}),
      kill: () => void worker.process.kill('SIGKILL'),
    };
  };
}
