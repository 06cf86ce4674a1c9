import type { Cancel, Clock } from '../base/clock.ts';

/** How coarse the clock of all connections is: a deadline is never early, and late by at most twice this. */
export const RESOLUTION_MS = 100;

/** Time that one tick counts at most. Longer gaps are time in which the process did not run: nobody is blamed for it. */
const MAX_STEP_MS = 1000;

/** Stands for a moment that has not come. */
export const NOT_YET = -1;

/** The earlier of two coarse times of which either may be `NOT_YET`. */
export function earlier(a: number, b: number): number {
  if (a === NOT_YET) return b;
  return b === NOT_YET ? a : Math.min(a, b);
}

/** Something that wants to be looked at at a certain time. */
export interface Due {
  /** The tick at which it is looked at next, or `NOT_YET`. Kept by `Deadlines`. */
  dueTick: number;
  /** Looks after its deadlines, and schedules itself again if it has more. */
  onDue(now: number): void;
}

/**
 * One coarse clock and one sweep for all connections: `now` is a plain number that the data path reads for free, and a
 * tick costs only what is due in it. Nothing ticks while there are no connections.
 */
export class Deadlines {
  /** Whole milliseconds that were counted so far, as of the last tick. */
  now = 0;

  readonly #clock: Clock;
  readonly #buckets = new Map<number, Set<Due>>();
  #members = 0;
  #countedMs = 0;
  #lastTickAt = 0;
  #lastTick = 0;
  #stopTicking: Cancel | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** When `limitMs` have surely passed since the coarse time `since`, whatever the clock rounded off. */
  static expiry(since: number, limitMs: number): number {
    return since + limitMs + RESOLUTION_MS;
  }

  /** Counts one connection more: the clock ticks until all have left. */
  join(): void {
    if (this.#members++ > 0) return;
    this.#lastTickAt = this.#clock.now();
    this.#stopTicking = this.#clock.every(RESOLUTION_MS, () => this.#tick());
  }

  leave(due: Due): void {
    this.#remove(due);
    if (--this.#members > 0) return;
    this.#stopTicking?.();
    this.#stopTicking = null;
  }

  /** Has `due` looked at once `now` reaches `at`, or earlier if it was to be looked at earlier. */
  schedule(due: Due, at: number): void {
    const tick = Math.max(Math.ceil(at / RESOLUTION_MS), this.#lastTick + 1);
    if (due.dueTick !== NOT_YET && due.dueTick <= tick) return;
    this.#remove(due);
    due.dueTick = tick;
    const bucket = this.#buckets.get(tick);
    if (bucket === undefined) this.#buckets.set(tick, new Set([due]));
    else bucket.add(due);
  }

  #remove(due: Due): void {
    if (due.dueTick === NOT_YET) return;
    const bucket = this.#buckets.get(due.dueTick);
    bucket?.delete(due);
    if (bucket?.size === 0) this.#buckets.delete(due.dueTick);
    due.dueTick = NOT_YET;
  }

  #tick(): void {
    const at = this.#clock.now();
    this.#countedMs += Math.min(at - this.#lastTickAt, MAX_STEP_MS);
    this.#lastTickAt = at;
    this.now = Math.floor(this.#countedMs);
    const current = Math.floor(this.now / RESOLUTION_MS);
    while (this.#lastTick < current) this.#look(++this.#lastTick);
  }

  #look(tick: number): void {
    const bucket = this.#buckets.get(tick);
    if (bucket === undefined) return;
    this.#buckets.delete(tick);
    for (const due of bucket) due.dueTick = NOT_YET;
    for (const due of bucket) due.onDue(this.now);
  }
}
