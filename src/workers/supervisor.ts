import type { Cancel, Clock } from '../base/clock.ts';
import { WsfwError } from '../base/errors.ts';
import type { LogFields, Logger } from '../base/logger.ts';
import type { GatewayStats } from '../gateway/registry.ts';
import { nextDelay } from './backoff.ts';
import { errorOf, type Ready, type ToPrimary, type ToWorker } from './messages.ts';
import { Questions } from './questions.ts';
import { afterTheEnd, sumOf } from './totals.ts';
import type { Spawn, WorkerExit, WorkerProcess } from './worker-process.ts';

/** How long a worker may take until it listens: longer than all that its plugins may take. */
const START_MS = 60_000;
/** How long a worker may take for a question. */
const ANSWER_MS = 1000;
/** What a worker may take to stop besides its drain: plugins have 10 s to dispose of a component. */
const RELEASE_MS = 15_000;

export interface SupervisorParts {
  /** How many workers there are, once all are up. */
  readonly count: number;
  readonly spawn: Spawn;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What a worker is told when it is loaded. */
  order(worker: number): ToWorker;
  /** Whatever a worker says that is not about its own life. */
  heard(message: ToPrimary, answer: (message: ToWorker) => void): void;
}

/** A place for one worker after the other. */
interface Place {
  readonly worker: number;
  process: WorkerProcess | null;
  ready: Ready | null;
  readyAt: number;
  /** Why the worker in it says that it cannot start. */
  reason: Error | null;
  /** The last wait before a worker was replaced. */
  delayMs: number;
  /** Stops waiting: for its start, for its replacement, or for its end. */
  cancel: Cancel;
  /** The last that was heard of its counts. */
  stats: GatewayStats;
  readonly questions: Questions<GatewayStats>;
}

type Phase = 'idle' | 'starting' | 'running' | 'stopping' | 'stopped';

/**
 * Keeps so many workers alive: starts them, replaces those that end, and stops them all.
 *
 *   idle ──start──▶ starting ──all ready──▶ running ──stop──▶ stopping ──all gone──▶ stopped
 *                      └────one of them failed, or stop──────────▲
 */
export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #places: readonly Place[];
  #phase: Phase = 'idle';
  #settleStart: { resolve(ready: Ready): void; reject(error: Error): void } | null = null;
  #failure: Error | null = null;
  #drainMs = 0;
  #stopped: () => void = () => {};
  readonly #allGone: Promise<void>;
  /** The counts of workers that are gone. */
  #gone: GatewayStats = sumOf([]);

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#places = Array.from({ length: parts.count }, (_, i) => emptyPlace(i + 1, parts.clock));
    this.#allGone = new Promise((resolve) => {
      this.#stopped = resolve;
    });
  }

  /** How many processes there are at this moment. */
  get live(): number {
    return this.#places.filter(({ process }) => process !== null).length;
  }

  /** How many of them take connections. */
  get serving(): number {
    return this.#places.filter(({ ready }) => ready !== null).length;
  }

  /**
   * Starts all workers. Call it once.
   * @returns what the first of them found, once all listen.
   * @throws why one of them cannot start; then none is left.
   */
  start(): Promise<Ready> {
    if (this.#phase !== 'idle') return Promise.reject(stoppedTooEarly());
    this.#phase = 'starting';
    const started = new Promise<Ready>((resolve, reject) => {
      this.#settleStart = { resolve, reject };
    });
    for (const place of this.#places) this.#fill(place);
    return started;
  }

  /**
   * Lets all workers drain at the same time, and waits until they are gone. A second call waits for the first.
   * @param drainMs what they may take for it, each.
   */
  stop(drainMs: number): Promise<void> {
    if (this.#phase === 'starting') this.#failure ??= stoppedTooEarly();
    this.#leave(drainMs);
    return this.#allGone;
  }

  /** The counts of all workers, those that are gone included. A worker that does not answer counts as it last did. */
  async stats(): Promise<GatewayStats> {
    await Promise.all(this.#places.map((place) => this.#ask(place)));
    return sumOf([this.#gone, ...this.#places.map(({ stats }) => stats)]);
  }

  /** Ends all of them at once. */
  kill(): void {
    for (const { process } of this.#places) process?.kill();
  }

  async #ask(place: Place): Promise<void> {
    const { process, questions } = place;
    if (process === null || place.ready === null) return;
    const stats = await questions.ask(ANSWER_MS, (id) => process.send({ type: 'stats', id }));
    if (stats !== null && place.process === process) place.stats = stats;
  }

  #fill(place: Place): void {
    place.process = this.#parts.spawn({
      message: (message) => this.#heard(place, message),
      exit: (how) => this.#ended(place, how),
    });
    place.cancel = this.#parts.clock.after(START_MS, () => {
      place.reason = new Error(`worker ${place.worker} did not listen within ${START_MS / 1000} s`);
      place.process?.kill();
    });
  }

  #heard(place: Place, message: ToPrimary): void {
    const { worker, process } = place;
    if (process === null) return;
    switch (message.type) {
      case 'loaded':
        process.send(this.#phase === 'stopping' ? { type: 'stop' } : this.#parts.order(worker));
        return;
      case 'ready':
        this.#isReady(place, message);
        return;
      case 'failed':
        place.reason = errorOf(message.failure);
        return;
      case 'stats':
        place.questions.answer(message.id, message.stats);
        return;
      case 'stopped':
        place.stats = message.stats;
        return;
      default:
        this.#parts.heard(message, (answer) => process.send(answer));
    }
  }

  #isReady(place: Place, ready: Ready): void {
    place.ready = ready;
    place.readyAt = this.#parts.clock.now();
    // Else it is the end of the stop that is being waited for.
    if (this.#phase !== 'stopping') place.cancel();
    this.#parts.logger.info(fieldsOf(place), 'worker listens');
    const [first] = this.#places;
    if (this.#phase !== 'starting' || !this.#places.every((each) => each.ready !== null)) return;
    this.#phase = 'running';
    this.#settleStart?.resolve(first?.ready ?? ready);
  }

  #ended(place: Place, how: WorkerExit): void {
    const fields = { ...fieldsOf(place), ...describe(how) };
    place.cancel();
    const servedMs = place.ready === null ? 0 : this.#parts.clock.now() - place.readyAt;
    const { reason } = place;
    this.#empty(place);
    switch (this.#phase) {
      case 'starting':
        this.#failure ??=
          reason ?? how.error ?? new Error(`worker ${place.worker} ${inWords(how)} before it listened`);
        this.#leave(0);
        return;
      case 'running':
        this.#replace(place, servedMs, { ...fields, ...(reason === null ? {} : { reason: reason.message }) });
        return;
      default:
        if (how.code !== 0) this.#parts.logger.error(fields, 'a worker did not stop in good order');
        this.#finishIfEmpty();
    }
  }

  #empty(place: Place): void {
    this.#gone = sumOf([this.#gone, afterTheEnd(place.stats)]);
    place.stats = sumOf([]);
    place.process = null;
    place.ready = null;
    place.reason = null;
    place.questions.giveUp();
  }

  #replace(place: Place, servedMs: number, fields: LogFields): void {
    place.delayMs = nextDelay(place.delayMs, servedMs);
    const restartInMs = place.delayMs;
    this.#parts.logger.error(
      { ...fields, restartInMs },
      'a worker ended that was not told to: it is replaced',
    );
    place.cancel = this.#parts.clock.after(restartInMs, () => this.#fill(place));
  }

  #leave(drainMs: number): void {
    if (this.#phase === 'stopping' || this.#phase === 'stopped') return;
    this.#phase = 'stopping';
    this.#drainMs = drainMs;
    for (const place of this.#places) this.#tellToStop(place);
    this.#finishIfEmpty();
  }

  #tellToStop(place: Place): void {
    place.cancel();
    const { process } = place;
    if (process === null) return;
    process.send({ type: 'stop' });
    place.cancel = this.#parts.clock.after(this.#drainMs + RELEASE_MS, () => process.kill());
  }

  #finishIfEmpty(): void {
    if (this.#phase !== 'stopping' || this.live > 0) return;
    this.#phase = 'stopped';
    if (this.#failure !== null) this.#settleStart?.reject(this.#failure);
    this.#stopped();
  }
}

function emptyPlace(worker: number, clock: Clock): Place {
  return {
    worker,
    process: null,
    ready: null,
    readyAt: 0,
    reason: null,
    delayMs: 0,
    cancel: () => {},
    stats: sumOf([]),
    questions: new Questions(clock),
  };
}

const stoppedTooEarly = () => new WsfwError('WSFW_DRAINING', 'the gateway was stopped before it started');

const fieldsOf = ({ worker, process }: Place): LogFields => ({ worker, pid: process?.pid });

const describe = ({ code, signal, error }: WorkerExit): LogFields => ({
  ...(code === null ? {} : { exitCode: code }),
  ...(signal === null ? {} : { signal }),
  ...(error === undefined ? {} : { err: error }),
});

const inWords = ({ code, signal }: WorkerExit): string =>
  signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
