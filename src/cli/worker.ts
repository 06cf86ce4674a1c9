import cluster from 'node:cluster';
import { systemClock } from '../base/clock.ts';
import { runWorker } from '../workers/worker.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { untilUncaught } from './faults.ts';
import { type LogSettings, openLog } from './log.ts';

// A process that `start` starts when the configuration asks for several.

// A terminal sends them to every process it started; the first one tells its workers what to do.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

// What was loaded before (`node --import`) may have let go of it.
process.channel?.ref();

const orphaned = new Promise<void>((resolve) => {
  cluster.worker?.on('disconnect', () => {
    // Node would exit at once, unless the worker leaves by its own will.
    cluster.worker?.disconnect();
    resolve();
  });
});

const end = await runWorker({
  clock: systemClock,
  send: (message) => new Promise((resolve) => process.send?.(message, undefined, {}, () => resolve())),
  listen: (heard) => process.on('message', heard),
  orphaned,
  createLogger: (worker, level) =>
    openLog({ level: level as LogSettings['level'], format: 'json', color: false }, { worker }).logger,
  untilUncaught,
});
process.exit({ stopped: EXIT_CODES.ok, failed: EXIT_CODES.failed, uncaught: EXIT_CODES.uncaught }[end]);
