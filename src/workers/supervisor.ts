import type { Clock } from '../base/clock.ts';
import { WsfwError } from '../base/errors.ts';
import type { LogFields, Logger } from '../base/logger.ts';
import type { Reading } from '../config/build.ts';
import type { GatewayStats } from '../gateway/registry.ts';
import { nextDelay } from './backoff.ts';
import { errorOf, type Ready, type Switched, type ToPrimary, type ToWorker } from './messages.ts';
import { Place } from './place.ts';
import { reloadAll } from './reload-all.ts';
import { afterTheEnd, sumOf } from './totals.ts';
import type { Spawn, WorkerExit } from './worker-process.ts';

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
  /** What a worker may take to drain, asked when it is told to stop. */
  drainMs(): number;
  /** What a worker is told when it is loaded. */
  order(worker: number): ToWorker;
  /** Whatever a worker says that is not about its own life. */
  heard(message: ToPrimary, answer: (message: ToWorker) => void): void;
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
  #generation = 0;
  /** The latest reload, and all before it. */
  #reloads: Promise<unknown> = Promise.resolve();
  #stopped: () => void = () => {};
  readonly #allGone: Promise<void>;
  /** The counts of workers that are gone. */
  #gone: GatewayStats = sumOf([]);

  constructor(parts: SupervisorParts) {
    this.#parts = parts;
    this.#places = Array.from({ length: parts.count }, (_, i) => new Place(i + 1, parts.clock));
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

  /** Lets all workers drain at the same time, and waits until they are gone. A second call waits for the first. */
  stop(): Promise<void> {
    if (this.#phase === 'starting') this.#failure ??= stoppedTooEarly();
    this.#leave();
    return this.#allGone;
  }

  /** The counts of all workers, those that are gone included. A worker that does not answer counts as it last did. */
  async stats(): Promise<GatewayStats> {
    const ask = async (place: Place): Promise<void> => {
      const answer = await place.ask(ANSWER_MS, (id) => ({ type: 'stats', id }));
      if (answer.type === 'stats') place.stats = answer.stats;
    };
    await Promise.allSettled(this.#places.map(ask));
    return sumOf([this.#gone, ...this.#places.map(({ stats }) => stats)]);
  }

  /** Ends all of them at once. */
  kill(): void {
    for (const { process } of this.#places) process?.kill();
  }

  /**
   * Lets all workers go on with another configuration, or none: they build it, and switch when all have. Reloads that
   * are asked for at a time happen one after the other.
   * @param orders gives what each worker is to build, when the turn has come.
   * @param agreed is called when all have built it: from now on it is what new workers are started with.
   * @throws why a worker cannot; then all go on as before.
   */
  reload(orders: () => Promise<(worker: number) => Reading>, agreed: () => void): Promise<Switched> {
    const reloaded = this.#reloads.then(() => this.#reload(orders, agreed));
    this.#reloads = reloaded.catch(() => {});
    return reloaded;
  }

  async #reload(orders: () => Promise<(worker: number) => Reading>, agreed: () => void): Promise<Switched> {
    const readingFor = await orders();
    if (this.#phase !== 'running') throw new WsfwError('WSFW_DRAINING', 'the gateway is being stopped');
    const asked = this.#places.filter(({ ready }) => ready !== null);
    const reloaded = await reloadAll(asked, readingFor, () => {
      agreed();
      this.#generation++;
      for (const place of asked) place.generation = this.#generation;
    });
    for (const place of this.#places) if (place.ready !== null) this.#retireIfOutdated(place);
    return reloaded;
  }

  /** It was started while the others were reloaded. */
  #retireIfOutdated(place: Place): void {
    if (place.generation === this.#generation || this.#phase !== 'running') return;
    this.#parts.logger.info(place.fields, 'this worker has the configuration of before: it is replaced');
    place.retired = true;
    this.#tellToStop(place);
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
        place.generation = this.#generation;
        process.send(this.#phase === 'stopping' ? { type: 'stop' } : this.#parts.order(worker));
        return;
      case 'ready':
        this.#isReady(place, message);
        return;
      case 'failed':
        place.reason = errorOf(message.failure);
        return;
      case 'stats':
      case 'prepared':
      case 'switched':
      case 'not-reloaded':
        place.questions.answer(message.id, message);
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
    this.#parts.logger.info(place.fields, 'worker listens');
    this.#retireIfOutdated(place);
    const [first] = this.#places;
    if (this.#phase !== 'starting' || !this.#places.every((each) => each.ready !== null)) return;
    this.#phase = 'running';
    this.#settleStart?.resolve(first?.ready ?? ready);
  }

  #ended(place: Place, how: WorkerExit): void {
    const fields = { ...place.fields, ...describe(how) };
    place.cancel();
    const servedMs = place.ready === null ? 0 : this.#parts.clock.now() - place.readyAt;
    const { reason, retired } = place;
    this.#gone = sumOf([this.#gone, afterTheEnd(place.stats)]);
    place.clear();
    switch (this.#phase) {
      case 'starting':
        this.#failure ??=
          reason ?? how.error ?? new Error(`worker ${place.worker} ${inWords(how)} before it listened`);
        this.#leave();
        return;
      case 'running':
        if (retired) this.#fill(place);
        else
          this.#replace(place, servedMs, {
            ...fields,
            ...(reason === null ? {} : { reason: reason.message }),
          });
        return;
      default:
        // Of a start that failed the first reason is told.
        if (how.code !== 0 && this.#failure === null)
          this.#parts.logger.error(fields, 'a worker did not stop in good order');
        this.#finishIfEmpty();
    }
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

  #leave(): void {
    if (this.#phase === 'stopping' || this.#phase === 'stopped') return;
    this.#phase = 'stopping';
    for (const place of this.#places) this.#tellToStop(place);
    this.#finishIfEmpty();
  }

  #tellToStop(place: Place): void {
    place.cancel();
    const { process } = place;
    if (process === null) return;
    process.send({ type: 'stop' });
    place.cancel = this.#parts.clock.after(this.#parts.drainMs() + RELEASE_MS, () => process.kill());
  }

  #finishIfEmpty(): void {
    if (this.#phase !== 'stopping' || this.live > 0) return;
    this.#phase = 'stopped';
    if (this.#failure !== null) this.#settleStart?.reject(this.#failure);
    this.#stopped();
  }
}

const stoppedTooEarly = () => new WsfwError('WSFW_DRAINING', 'the gateway was stopped before it started');

const describe = ({ code, signal, error }: WorkerExit): LogFields => ({
  ...(code === null ? {} : { exitCode: code }),
  ...(signal === null ? {} : { signal }),
  ...(error === undefined ? {} : { err: error }),
});

const inWords = ({ code, signal }: WorkerExit): string =>
  signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
