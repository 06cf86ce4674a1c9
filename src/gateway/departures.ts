import type { Clock } from '../base/clock.ts';
import type { Connection } from '../base/connection.ts';
import type { Logger } from '../base/logger.ts';
import type { DrainConfig } from '../config/config.ts';
import { PacedClose } from './paced-close.ts';
import type { Registry } from './registry.ts';

/** A connection in the middle of a message may finish it first, for so long. */
const FINISH_MESSAGE_MS = 1000;

export interface DeparturesParts {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From 0 to below 1. Default `Math.random`. */
  readonly random?: () => number;
}

/** Sends connections away, politely and not all at once: everybody at a stop, some after a reload. */
export class Departures {
  readonly #parts: DeparturesParts;
  readonly #underWay = new Set<PacedClose>();

  constructor(parts: DeparturesParts) {
    this.#parts = parts;
  }

  /** Milliseconds until the last of those under way is told to close. */
  get leftMs(): number {
    return Math.max(0, ...[...this.#underWay].map(({ leftMs }) => leftMs));
  }

  /** Tells a connection that the service restarts: its client may come back at once, to another process. */
  sendAway(connection: Connection, { closeCode }: Pick<DrainConfig, 'closeCode'>): void {
    connection.close('draining', { code: closeCode, at: 'message', withinMs: FINISH_MESSAGE_MS });
  }

  /** Sends some away, spread as configured. */
  spread(connections: readonly Connection[], drain: DrainConfig): void {
    const { clock, random = Math.random } = this.#parts;
    for (const one of this.#underWay) if (one.isOver) this.#underWay.delete(one);
    const close = (connection: Connection): void => this.sendAway(connection, drain);
    this.#underWay.add(new PacedClose(connections, { clock, random, periodMs: drain.periodMs, close }));
  }

  /**
   * Sends everybody away, and resolves when all have ended and `others`, which is told how many milliseconds are left,
   * is done; whoever is still there after `timeoutMs` is terminated.
   */
  async empty(drain: DrainConfig, others: (withinMs: number) => Promise<void>): Promise<void> {
    const { registry, clock, logger } = this.#parts;
    const endsAt = clock.now() + drain.timeoutMs;
    const open = [...registry.connections()];
    if (open.length > 0) logger.info({ connections: open.length }, 'draining');
    for (const one of this.#underWay) one.cancel();
    this.#underWay.clear();
    this.spread(open, drain);
    const stopWaiting = clock.after(drain.timeoutMs, () => this.#terminateAll());
    await this.#allEnded();
    await others(Math.max(0, endsAt - clock.now()));
    // A handshake that was under way may have become a connection meanwhile, and was closed as it opened.
    await this.#allEnded();
    stopWaiting();
  }

  async #allEnded(): Promise<void> {
    const { registry } = this.#parts;
    for (let rest = [...registry.connections()]; rest.length > 0; rest = [...registry.connections()]) {
      await Promise.all(rest.map((connection) => connection.ended));
    }
  }

  #terminateAll(): void {
    const { registry, logger } = this.#parts;
    for (const one of this.#underWay) one.cancel();
    this.#underWay.clear();
    const rest = [...registry.connections()];
    if (rest.length === 0) return;
    logger.warn({ connections: rest.length }, 'the time to drain is up: terminating what is still open');
    for (const connection of rest) connection.terminate();
  }
}
