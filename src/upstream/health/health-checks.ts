import type { Cancel, Clock } from '../../base/clock.ts';
import type { Logger } from '../../base/logger.ts';
import { Withdrawal } from '../../base/withdrawal.ts';
import type { Member } from '../pool/member.ts';
import type { Pool } from '../pool/pool.ts';
import type { Probe } from './probe.ts';

/** How often endpoints are looked at, and what follows. */
export interface HealthCheckTiming {
  /** Milliseconds between two probes of an endpoint. */
  readonly intervalMs: number;
  /** Milliseconds after which a probe has failed. */
  readonly timeoutMs: number;
  /** Probes in a row that have to succeed until an endpoint that was unhealthy is used again. */
  readonly healthyAfter: number;
  /** Probes in a row that have to fail until an endpoint is used no more. The very first decides alone. */
  readonly unhealthyAfter: number;
}

export interface HealthCheckParts {
  readonly probe: Probe;
  readonly clock: Clock;
  readonly logger: Logger;
  /** From 0 to below 1: keeps many gateways from probing in step. Default `Math.random`. */
  readonly random?: () => number;
}

/** Looks at every endpoint of a pool, from time to time. */
export class HealthChecks {
  readonly #pool: Pool;
  readonly #timing: HealthCheckTiming;
  readonly #parts: HealthCheckParts;
  readonly #checks = new Map<Member, MemberCheck>();

  constructor(pool: Pool, timing: HealthCheckTiming, parts: HealthCheckParts) {
    this.#pool = pool;
    this.#timing = timing;
    this.#parts = parts;
  }

  /** Starts with the endpoints that have come, and stops with those that have gone. */
  update(): void {
    const members = new Set(this.#pool.members);
    for (const [member, check] of this.#checks) {
      if (members.has(member)) continue;
      check.stop();
      this.#checks.delete(member);
    }
    for (const member of members) {
      if (this.#checks.has(member)) continue;
      const check = new MemberCheck(member, this.#timing, this.#parts);
      this.#checks.set(member, check);
      check.start();
    }
  }

  stop(): void {
    for (const check of this.#checks.values()) check.stop();
    this.#checks.clear();
  }
}

class MemberCheck {
  readonly #member: Member;
  readonly #timing: HealthCheckTiming;
  readonly #parts: HealthCheckParts;
  /** Ends the probe that is under way. */
  #endProbe: Cancel = () => {};
  #stopped = false;
  #stopTimer: Cancel = () => {};
  /** Probes in a row that speak against the present state. */
  #against = 0;
  #isFirst = true;

  constructor(member: Member, timing: HealthCheckTiming, parts: HealthCheckParts) {
    this.#member = member;
    this.#timing = timing;
    this.#parts = parts;
  }

  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#stopped = true;
    this.#stopTimer();
    this.#endProbe();
  }

  async #look(): Promise<void> {
    const failure = await this.#probe();
    if (this.#stopped) return;
    this.#judge(failure);
    const { clock, random = Math.random } = this.#parts;
    const pauseMs = this.#timing.intervalMs * (0.9 + 0.2 * random());
    this.#stopTimer = clock.after(pauseMs, () => void this.#look());
  }

  /** @returns why it failed, or `null`. */
  async #probe(): Promise<Error | null> {
    const { clock, probe } = this.#parts;
    const { timeoutMs } = this.#timing;
    const withdrawal = new Withdrawal();
    this.#endProbe = () => withdrawal.withdraw();
    this.#stopTimer = clock.after(timeoutMs, this.#endProbe);
    try {
      await probe(this.#member.place, withdrawal);
      return null;
    } catch (error) {
      return withdrawal.withdrawn ? new Error(`no answer in ${timeoutMs} ms`) : (error as Error);
    } finally {
      this.#stopTimer();
    }
  }

  #judge(failure: Error | null): void {
    const { healthyAfter, unhealthyAfter } = this.#timing;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    const healthy = failure === null;
    this.#against = healthy === this.#member.healthy ? 0 : this.#against + 1;
    if (this.#against === 0) return;
    const needed = healthy ? healthyAfter : isFirst ? 1 : unhealthyAfter;
    if (this.#against < needed) return;
    this.#against = 0;
    this.#member.healthy = healthy;
    const { logger } = this.#parts;
    const facts = { endpoint: this.#member.name };
    if (failure === null) logger.info(facts, 'the endpoint is healthy again');
    else logger.warn({ ...facts, err: failure }, 'the endpoint is unhealthy: it gets no new connections');
  }
}
