import type { LookupFunction } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Connection } from '../base/connection.ts';
import type { Logger } from '../base/logger.ts';
import { createBalancer } from '../upstream/balancers/create-balancer.ts';
import type { Dial } from '../upstream/dial.ts';
import { HealthChecks } from '../upstream/health/health-checks.ts';
import { createProbe } from '../upstream/health/probe.ts';
import type { Place } from '../upstream/pool/member.ts';
import { Pool } from '../upstream/pool/pool.ts';
import { Resolution } from '../upstream/resolve/resolution.ts';
import type { HealthCheckOptions } from './options.ts';
import type { PreparedOptions } from './prepare.ts';

/** What a fleet works with. */
export interface FleetParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly dial: Dial;
  readonly lookup: LookupFunction;
  /** Ends connections whose endpoint has gone, politely. */
  readonly drain: (connections: readonly Connection[]) => void;
}

const PASSIVE_HEALTH = { failures: 3, ejectForMs: 10_000, maxEjected: 0.5 };

/** The endpoints of one action at work: their connections, their health, and what the DNS says of them. */
export class Fleet {
  readonly prepared: PreparedOptions;
  readonly pool: Pool;
  readonly #clock: Clock;
  readonly #resolution: Resolution | null;
  readonly #checks: HealthChecks | null;
  #isStarted = false;
  /** Until every name was looked up once. */
  #beginning: Promise<void> | null = null;

  constructor(prepared: PreparedOptions, parts: FleetParts) {
    const { clock, logger } = parts;
    const { options, places, balancer } = prepared;
    const { maxConnections = 0, passiveHealth = PASSIVE_HEALTH, resolve, healthCheck } = options;
    this.prepared = prepared;
    this.#clock = clock;
    this.pool = new Pool(
      places,
      { balancer: createBalancer(balancer), maxConnections, passiveHealth },
      parts,
    );
    this.#checks = healthCheck === undefined ? null : healthChecks(this.pool, healthCheck, prepared, parts);
    const update = (found: readonly Place[]) => {
      const change = this.pool.update(found);
      if (this.#isStarted) this.#checks?.update();
      return change;
    };
    this.#resolution =
      resolve === undefined ? null : new Resolution(places, update, resolve, { clock, logger });
  }

  start(): void {
    this.#isStarted = true;
    this.#checks?.update();
    if (this.#resolution === null) return;
    this.#beginning = this.#resolution.start().finally(() => {
      this.#beginning = null;
    });
  }

  stop(): void {
    this.#resolution?.stop();
    this.#checks?.stop();
  }

  /** Whether a name has not been looked up yet: `known` waits for that. */
  get isBeginning(): boolean {
    return this.#beginning !== null;
  }

  /** Resolves when every name was looked up once, and at the clock's time `deadlineMs` at the latest. */
  known(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const stopTimer = this.#clock.after(Math.max(0, deadlineMs - this.#clock.now()), resolve);
      void this.#beginning?.then(() => {
        stopTimer();
        resolve();
      });
    });
  }
}

function healthChecks(
  pool: Pool,
  options: HealthCheckOptions,
  { rules }: PreparedOptions,
  { clock, logger, dial, lookup }: FleetParts,
): HealthChecks {
  const { type, path = null, timeoutMs } = options;
  const probe = createProbe(type, path, { dial, lookup, clock, headers: rules.set, timeoutMs });
  return new HealthChecks(pool, options, { probe, clock, logger });
}
