import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import type { Member } from '../pool/member.ts';

/** How failed handshakes take an endpoint out. */
export interface PassiveHealthOptions {
  /** Failed handshakes in a row that eject it. `0`: never. */
  readonly failures: number;
  /** Milliseconds that it is out the first time. */
  readonly ejectForMs: number;
  /** The greatest part of the endpoints that may be out, from 0 to 1. */
  readonly maxEjected: number;
}

/** However long an endpoint fails, it is tried again after so many times `ejectForMs`. */
const MAX_GROWTH = 16;

/**
 * Takes endpoints out whose handshakes fail. One that comes back is on probation: with its first failure it is out
 * again, twice as long as before. A success clears it.
 */
export class PassiveHealth {
  readonly #options: PassiveHealthOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Those of which it was said that they fail but stay. */
  readonly #spared = new WeakSet<Member>();

  constructor(options: PassiveHealthOptions, clock: Clock, logger: Logger) {
    this.#options = options;
    this.#clock = clock;
    this.#logger = logger;
  }

  succeeded(member: Member): void {
    if (member.failures === 0) return;
    const wasOut = member.ejections > 0 || this.#spared.delete(member);
    member.failures = 0;
    member.ejections = 0;
    member.ejectedUntilMs = 0;
    if (wasOut) this.#logger.info({ endpoint: member.name }, 'the endpoint answers again');
  }

  /** @param members all of its pool. */
  failed(member: Member, members: readonly Member[], error: Error): void {
    member.failures++;
    const { failures } = this.#options;
    const nowMs = this.#clock.now();
    if (failures === 0 || member.stateAt(nowMs) !== 'up') return;
    if (member.ejections === 0 && member.failures < failures) return;
    const out = members.filter((other) => other.stateAt(nowMs) !== 'up').length;
    if (out + 1 <= members.length * this.#options.maxEjected) this.#eject(member, nowMs, error);
    else this.#spare(member, error);
  }

  #eject(member: Member, nowMs: number, err: Error): void {
    const forMs = this.#options.ejectForMs * Math.min(2 ** member.ejections, MAX_GROWTH);
    member.ejections++;
    member.ejectedUntilMs = nowMs + forMs;
    this.#spared.delete(member);
    const facts = { endpoint: member.name, failures: member.failures, forMs, err };
    this.#logger.warn(facts, 'the endpoint is ejected: its handshakes failed');
  }

  #spare(member: Member, err: Error): void {
    if (this.#spared.has(member)) return;
    this.#spared.add(member);
    const facts = { endpoint: member.name, failures: member.failures, err };
    this.#logger.warn(facts, 'the endpoint fails, but stays: no more may be ejected');
  }
}
