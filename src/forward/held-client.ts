import type { Connection } from '../base/connection.ts';
import { type ErrorCode, WsfwError } from '../base/errors.ts';
import type { HoldOptions } from '../base/hold.ts';
import type { Leg } from '../base/leg.ts';
import type { Observer } from '../base/observer.ts';
import type { Withdrawable } from '../base/withdrawal.ts';
import { HeldUpstream, type HoldOwner } from '../relay/hold/held-upstream.ts';
import type { Redialed } from '../relay/hold/redialing.ts';
import type { Lease } from '../upstream/pool/member.ts';
import type { Asking } from './asking.ts';
import type { Fleet } from './fleet.ts';
import { type ReachParts, reach, UNAVAILABLE } from './reach.ts';

/** What a held client works with. */
export interface HeldClientParts extends ReachParts {
  readonly observer: Observer;
  /** From 0 up to 1. Default `Math.random`. */
  readonly random?: () => number;
}

/** A connection whose upstream may change. */
export interface MovableConnection extends Connection {
  /** Gives the connection's claim on its endpoint back; its endpoint is still known. */
  leaveEndpoint(): void;
  moveTo(lease: Lease): void;
}

/** With these an attempt has failed that may succeed a moment later. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'WSFW_OVERLOADED',
  'WSFW_NO_ENDPOINT',
  'WSFW_UPSTREAM_UNREACHABLE',
  'WSFW_UPSTREAM_TLS',
  'WSFW_UPSTREAM_CONNECT_TIMEOUT',
  'WSFW_UPSTREAM_HANDSHAKE_TIMEOUT',
]);

const NOTHING = new Uint8Array(0);

/** A client that stays while its upstream restarts: what it takes to ask for another, kept for as long as it is there. */
export class HeldClient implements HoldOwner {
  /** The leg to relay in place of the upstream's own. */
  readonly leg: Leg;
  readonly #asking: Asking;
  readonly #fleet: Fleet;
  readonly #parts: HeldClientParts;
  #connection: MovableConnection | null = null;

  constructor(asking: Asking, upstream: Leg, hold: HoldOptions, fleet: Fleet, parts: HeldClientParts) {
    const { clock, random = Math.random } = parts;
    const { closeTimeoutMs } = fleet.prepared.options.relay;
    const redial = (resumption: number, withdrawal: Withdrawable) => this.#redial(resumption, withdrawal);
    this.#asking = asking;
    this.#fleet = fleet;
    this.#parts = parts;
    const stream = new HeldUpstream(upstream, hold, { clock, random, redial, closeTimeoutMs, owner: this });
    this.leg = { ...upstream, stream, head: NOTHING };
  }

  /** Before anything of the leg is read. */
  belongsTo(connection: MovableConnection): void {
    this.#connection = connection;
  }

  held(detail: string): void {
    if (this.#connection === null) return;
    this.#connection.leaveEndpoint();
    this.#parts.observer.held?.(this.#connection, detail);
  }

  resumed(heldMs: number): void {
    if (this.#connection !== null) this.#parts.observer.resumed?.(this.#connection, heldMs);
  }

  holdFailed(code: 1008 | 1012, detail: string): void {
    const reason = code === 1008 ? 'not authorized' : 'service restart';
    this.#connection?.close('hold-failed', { code, reason, detail });
  }

  async #redial(resumption: number, withdrawal: Withdrawable): Promise<Redialed> {
    try {
      return await this.#ask(resumption, withdrawal);
    } catch (error) {
      const { message } = error as Error;
      const passes = error instanceof WsfwError && PASSING.has(error.code);
      return passes
        ? { kind: 'unavailable', detail: message }
        : { kind: 'refused', code: 1012, detail: message };
    }
  }

  async #ask(resumption: number, withdrawal: Withdrawable): Promise<Redialed> {
    const { lease, outcome } = await reach(
      { ...this.#asking, resumption, withdrawal },
      this.#fleet,
      this.#parts,
    );
    if (outcome.kind === 'answer') {
      lease.release();
      outcome.body.destroy();
      return refusal(lease.member.name, outcome.status);
    }
    const { leg } = outcome;
    const connection = this.#connection;
    if (connection === null || withdrawal.withdrawn || leg.subprotocol !== this.leg.subprotocol) {
      lease.release();
      leg.stream.destroy();
      return { kind: 'refused', code: 1012, detail: 'the next upstream agreed to another subprotocol' };
    }
    connection.moveTo(lease);
    this.#fleet.pool.opened(lease, connection);
    return { kind: 'joined', leg };
  }
}

function refusal(endpoint: string, status: number): Redialed {
  const detail = `${endpoint}: answered ${status}`;
  if (UNAVAILABLE.has(status)) return { kind: 'unavailable', detail };
  return { kind: 'refused', code: status === 401 || status === 403 ? 1008 : 1012, detail };
}
