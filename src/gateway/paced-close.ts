import type { Cancel, Clock } from '../base/clock.ts';
import type { Connection } from '../base/connection.ts';

/** How often it is looked at whose turn has come. */
const TURN_MS = 20;
/** Unless a period is asked for, as many are closed a second … */
const CLOSES_A_SECOND = 1000;
/** … and if there are more, they are all closed within this time. */
const MAX_PERIOD_MS = 10_000;
/** What takes no longer than this is not spread. */
const AT_ONCE_MS = 100;

export interface Pace {
  readonly clock: Clock;
  /** Over how long the closes are spread; `null` for what suits their number. */
  readonly periodMs: number | null;
  /** From 0 to below 1. */
  readonly random: () => number;
  close(connection: Connection): void;
}

/**
 * Closes connections one after the other, so that their clients do not all come back at the same moment: evenly over a
 * period, each at a random moment of its own share of it.
 */
export class PacedClose {
  /** Let go of when all had their turn: whoever keeps this keeps no connections. */
  #connections: readonly Connection[];
  readonly #count: number;
  readonly #pace: Pace;
  readonly #startedAt: number;
  readonly #shareMs: number;
  #closed = 0;
  /** After the start, in milliseconds. */
  #nextAt: number;
  #stopTurns: Cancel = () => {};

  constructor(connections: readonly Connection[], pace: Pace) {
    this.#connections = connections;
    this.#count = connections.length;
    this.#pace = pace;
    this.#startedAt = pace.clock.now();
    this.#shareMs = periodFor(this.#count, pace.periodMs) / Math.max(1, this.#count);
    this.#nextAt = this.#momentOf(0);
    this.#takeTurns();
    if (!this.isOver) this.#stopTurns = pace.clock.every(TURN_MS, () => this.#takeTurns());
  }

  get isOver(): boolean {
    return this.#closed >= this.#count;
  }

  /** Milliseconds until the last is told to close. */
  get leftMs(): number {
    if (this.isOver) return 0;
    const endsAt = this.#startedAt + this.#shareMs * this.#count;
    return Math.max(0, Math.ceil(endsAt - this.#pace.clock.now()));
  }

  /** Leaves those open whose turn has not come. */
  cancel(): void {
    this.#stopTurns();
    this.#closed = this.#count;
    this.#connections = [];
  }

  #takeTurns(): void {
    const passedMs = this.#pace.clock.now() - this.#startedAt;
    while (!this.isOver && this.#nextAt <= passedMs) {
      const connection = this.#connections[this.#closed];
      this.#nextAt = this.#momentOf(++this.#closed);
      if (connection !== undefined) this.#pace.close(connection);
    }
    if (this.isOver) this.cancel();
  }

  #momentOf(index: number): number {
    return (index + this.#pace.random()) * this.#shareMs;
  }
}

function periodFor(connections: number, periodMs: number | null): number {
  if (periodMs !== null) return periodMs;
  const suitable = Math.min(MAX_PERIOD_MS, (connections / CLOSES_A_SECOND) * 1000);
  return suitable <= AT_ONCE_MS ? 0 : suitable;
}
