import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { memoryStorages } from '../base/memory-storage.ts';
import { ConfiguredGateway } from '../gateway/gateway.ts';
import { failureOf, type ToPrimary, type ToWorker } from './messages.ts';
import { RemoteMemory } from './remote-memory.ts';

export interface WorkerParts {
  readonly clock: Clock;
  /** Tells the first process; resolves when it was handed over, or cannot be. */
  send(message: ToPrimary): Promise<void>;
  /** Calls `heard` with each message of the first process. */
  listen(heard: (message: ToWorker) => void): void;
  /** Resolves when the first process is gone. */
  readonly orphaned: Promise<void>;
  createLogger(worker: number, level: string): Logger;
  /** Resolves at an exception that nobody caught. */
  untilUncaught(logger: Logger): Promise<void>;
}

/** Why a worker came to its end. */
export type WorkerEnd = 'stopped' | 'failed' | 'uncaught';

/** A worker's whole life: waits for its orders, serves, and drains. */
export async function runWorker(parts: WorkerParts): Promise<WorkerEnd> {
  let gateway: ConfiguredGateway | null = null;
  let memory: RemoteMemory | null = null;
  let begin: (order: Order | null) => void = () => {};
  let stop: () => void = () => {};
  const begun = new Promise<Order | null>((resolve) => {
    begin = resolve;
  });
  const told = new Promise<void>((resolve) => {
    stop = resolve;
  });
  parts.listen((message) => {
    switch (message.type) {
      case 'start':
        begin(message);
        return;
      case 'stop':
        begin(null);
        stop();
        return;
      case 'stats':
        if (gateway !== null) void parts.send({ ...message, stats: gateway.stats() });
        return;
      case 'remembered':
        memory?.answered(message.id, message.results);
    }
  });
  void parts.orphaned.then(() => begin(null));
  await parts.send({ type: 'loaded' });
  const order = await begun;
  if (order === null) return 'stopped';

  const { clock } = parts;
  const logger = parts.createLogger(order.worker, order.logLevel);
  let end: WorkerEnd = 'stopped';
  const uncaught = parts.untilUncaught(logger).then(() => {
    end = 'uncaught';
  });
  memory = new RemoteMemory({
    clock,
    logger,
    local: memoryStorages(clock),
    send: (id, calls) => void parts.send({ type: 'remember', id, calls }),
  });
  gateway = new ConfiguredGateway(order.reading, { clock, logger, memory: memory.of });
  try {
    const address = await gateway.start();
    await parts.send({ type: 'ready', address, warnings: gateway.snapshot?.warnings ?? [] });
  } catch (error) {
    await parts.send({ type: 'failed', failure: failureOf(error) });
    return 'failed';
  }
  const orphaned = parts.orphaned.then(() => {
    logger.warn({}, 'the first process is gone: stopping');
  });
  await Promise.race([told, orphaned, uncaught]);
  await gateway.stop();
  await parts.send({ type: 'stopped', stats: gateway.stats() });
  return end;
}

type Order = Extract<ToWorker, { type: 'start' }>;
