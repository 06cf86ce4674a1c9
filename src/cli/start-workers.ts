import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../base/clock.ts';
import { holdProcess } from '../base/hold-process.ts';
import type { Logger } from '../base/logger.ts';
import { memoryStorages } from '../base/memory-storage.ts';
import type { Problem } from '../base/problem.ts';
import type { Reading } from '../config/build.ts';
import type { ReloadChanges } from '../gateway/changes.ts';
import type { GatewayAddress } from '../gateway/gateway.ts';
import type { GatewayStats } from '../gateway/registry.ts';
import { forkWorkers } from '../workers/fork.ts';
import { perform } from '../workers/remote-memory.ts';
import { isAt, readingAt, readingFor } from '../workers/shares.ts';
import { Supervisor } from '../workers/supervisor.ts';
import type { PassedSocket } from './passed-socket.ts';

const WORKER_MODULE = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);

export interface WorkersParts extends PassedSocket {
  readonly reading: Reading;
  readonly count: number;
  readonly logLevel: string;
  readonly logger: Logger;
  readonly writeLines: (lines: string) => void;
  readonly clock: Clock;
}

export interface RunningWorkers {
  readonly address: GatewayAddress;
  readonly warnings: readonly Problem[];
  /** Paths of the files that the configuration at work is made of besides its own. */
  files(): readonly string[];
  /** Of all workers together. */
  stats(): Promise<GatewayStats>;
  /** Lets all workers go on with another configuration. @throws why one of them cannot; then none does. */
  reload(read: () => Promise<Reading>): Promise<ReloadChanges>;
  stop(): Promise<void>;
}

/** Starts several processes that serve one configuration on one port. @throws why one of them cannot start. */
export async function startWorkers(parts: WorkersParts): Promise<RunningWorkers> {
  const { count, logLevel, logger, writeLines, clock, listenFd } = parts;
  const socket = listenFd === undefined ? {} : { listenFd };
  let { reading } = parts;
  let port = 0;
  const anyPort = isAt(reading, 0);
  const memory = memoryStorages(clock);
  const supervisor = new Supervisor({
    count,
    clock,
    logger,
    spawn: forkWorkers({
      exec: fileURLToPath(WORKER_MODULE),
      writeLines,
      clock,
      workersAccept: listenFd !== undefined && process.env['NODE_CLUSTER_SCHED_POLICY'] === undefined,
    }),
    drainMs: () => untilDrainedMs(reading),
    order(worker) {
      // The port is closed when its last worker ends: for port 0 another one would be found.
      if (supervisor.serving === 0) reading = readingAt(reading, port);
      return { type: 'start', worker, logLevel, ...socket, reading: readingFor(reading, worker, count) };
    },
    heard(message, answer) {
      if (message.type !== 'remember') return;
      const { id, calls } = message;
      // A memory never rejects.
      void Promise.all(calls.map((call) => perform(call, memory))).then((results) =>
        answer({ type: 'remembered', id, results }),
      );
    },
  });
  // There may be a moment without any worker.
  const letGo = holdProcess();
  // Nobody may outlive this process, whatever ends it.
  process.on('exit', () => supervisor.kill());
  const ready = await supervisor.start().catch((error) => {
    letGo();
    throw error;
  });
  port = ready.address.port;
  let { files } = ready;
  return {
    address: ready.address,
    warnings: ready.warnings,
    files: () => files,
    stats: () => supervisor.stats(),
    async reload(read) {
      let next = reading;
      const orders = async () => {
        next = await read();
        // The workers may know the port that was found for port 0.
        if (anyPort && isAt(reading, port)) next = readingAt(next, port);
        return (worker: number) => readingFor(next, worker, count);
      };
      const switched = await supervisor.reload(orders, () => {
        reading = next;
      });
      files = switched.files;
      return switched.changes;
    },
    async stop() {
      await supervisor.stop();
      letGo();
    },
  };
}

function untilDrainedMs({ config }: Reading): number {
  if (config === null) return 0;
  const { delayMs, timeoutMs } = config.server.drain;
  return delayMs + timeoutMs;
}
