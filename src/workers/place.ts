import type { Cancel, Clock } from '../base/clock.ts';
import type { LogFields } from '../base/logger.ts';
import type { GatewayStats } from '../gateway/registry.ts';
import { errorOf, type Ready, type ToWorker, type WorkerAnswer } from './messages.ts';
import { Questions } from './questions.ts';
import { sumOf } from './totals.ts';
import type { WorkerProcess } from './worker-process.ts';

/** A place for one worker after the other. */
export class Place {
  readonly worker: number;
  readonly questions: Questions<WorkerAnswer>;
  /** The last wait before a worker was replaced. */
  delayMs = 0;
  /** Stops waiting: for its worker's start, replacement or end. */
  cancel: Cancel = () => {};
  /** `null` while there is no worker in it. */
  process: WorkerProcess | null = null;
  /** `null` until its worker listens. */
  ready: Ready | null = null;
  readyAt = 0;
  /** Why its worker says that it cannot start. */
  reason: Error | null = null;
  /** Whether its worker was told to stop, to be replaced at once. */
  retired = false;
  /** Which configuration its worker was started with, or reloaded to. */
  generation = 0;
  /** The last that was heard of its worker's counts. */
  stats: GatewayStats = sumOf([]);

  constructor(worker: number, clock: Clock) {
    this.worker = worker;
    this.questions = new Questions(clock);
  }

  get fields(): LogFields {
    return { worker: this.worker, pid: this.process?.pid };
  }

  /** @throws what the worker says instead of an answer, or that it says nothing. */
  async ask(withinMs: number, question: (id: number) => ToWorker): Promise<WorkerAnswer> {
    const { process, worker } = this;
    if (process === null || this.ready === null) throw new Error(`worker ${worker} is not up`);
    const answer = await this.questions.ask(withinMs, (id) => process.send(question(id)));
    if (answer === null) throw new Error(`worker ${worker} did not answer`);
    if (answer.type === 'not-reloaded') throw errorOf(answer.failure);
    return answer;
  }

  kill(): void {
    this.process?.kill();
  }

  /** Its worker is gone. */
  clear(): void {
    this.process = null;
    this.ready = null;
    this.reason = null;
    this.retired = false;
    this.stats = sumOf([]);
    this.questions.giveUp();
  }
}
