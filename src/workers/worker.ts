import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { memoryStorages } from '../base/memory-storage.ts';
import { ConfiguredGateway } from '../gateway/gateway.ts';
import { failureOf, type ToPrimary, type ToWorker } from './messages.ts';
import { RemoteMemory } from './remote-memory.ts';
import { WorkerReload } from './worker-reload.ts';

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
  const duty = new Duty(parts);
  parts.listen((message) => duty.heard(message));
  void parts.orphaned.then(() => duty.stop());
  await parts.send({ type: 'loaded' });
  const order = await duty.order;
  return order === null ? 'stopped' : serve(order, duty, parts);
}

async function serve(order: Order, duty: Duty, parts: WorkerParts): Promise<WorkerEnd> {
  const { clock } = parts;
  const logger = parts.createLogger(order.worker, order.logLevel);
  let end: WorkerEnd = 'stopped';
  const uncaught = parts.untilUncaught(logger).then(() => {
    end = 'uncaught';
  });
  const memory = new RemoteMemory({
    clock,
    logger,
    local: memoryStorages(clock),
    send: (id, calls) => void parts.send({ type: 'remember', id, calls }),
  });
  const gateway = new ConfiguredGateway(order.reading, {
    clock,
    logger,
    memory: memory.of,
    ...socketOf(order),
  });
  duty.begin(gateway, memory);
  try {
    const address = await gateway.start();
    const warnings = gateway.snapshot?.warnings ?? [];
    await parts.send({ type: 'ready', address, warnings, files: gateway.files });
  } catch (error) {
    await parts.send({ type: 'failed', failure: failureOf(error) });
    return 'failed';
  }
  void parts.orphaned.then(() => logger.warn({}, 'the first process is gone: stopping'));
  await Promise.race([duty.stopped, uncaught]);
  duty.stop();
  await gateway.stop();
  await parts.send({ type: 'stopped', stats: gateway.stats() });
  return end;
}

type Order = Extract<ToWorker, { type: 'start' }>;

/** Does what the first process says. */
class Duty {
  readonly #parts: WorkerParts;
  /** `null` when there is nothing to do any more. */
  readonly order: Promise<Order | null>;
  #start: (order: Order | null) => void = () => {};
  /** Resolves when the worker is to stop. */
  readonly stopped: Promise<void>;
  #stop: () => void = () => {};
  #gateway: ConfiguredGateway | null = null;
  #memory: RemoteMemory | null = null;
  #reload: WorkerReload | null = null;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.order = new Promise((resolve) => {
      this.#start = resolve;
    });
    this.stopped = new Promise((resolve) => {
      this.#stop = resolve;
    });
  }

  begin(gateway: ConfiguredGateway, memory: RemoteMemory): void {
    this.#gateway = gateway;
    this.#memory = memory;
    this.#reload = new WorkerReload(gateway);
  }

  stop(): void {
    this.#start(null);
    this.#stop();
    this.#reload?.giveUp();
  }

  heard(message: ToWorker): void {
    switch (message.type) {
      case 'start':
        this.#start(message);
        return;
      case 'stop':
        this.stop();
        return;
      case 'remembered':
        this.#memory?.answered(message.id, message.results);
        return;
      case 'stats':
        if (this.#gateway !== null) void this.#parts.send({ ...message, stats: this.#gateway.stats() });
        return;
      case 'prepare':
        void this.#reload?.prepare(message.id, message.reading).then((answer) => this.#parts.send(answer));
        return;
      case 'switch':
        void this.#reload?.switch(message.id, message.agreed).then((answer) => this.#parts.send(answer));
    }
  }
}

const socketOf = ({ listenFd }: Order): { listenFd?: number } => (listenFd === undefined ? {} : { listenFd });
