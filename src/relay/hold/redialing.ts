import type { Cancel, Clock } from '../../base/clock.ts';
import { backoffMs, type HoldOptions } from '../../base/hold.ts';
import type { Leg } from '../../base/leg.ts';
import { type Withdrawable, Withdrawal } from '../../base/withdrawal.ts';

/** What came of one handshake for a held client. */
export type Redialed =
  | { readonly kind: 'joined'; readonly leg: Leg }
  /** Nobody is there at the moment: it is tried again. */
  | { readonly kind: 'unavailable'; readonly detail: string }
  /** Trying again would not help. The client is closed with the code. */
  | { readonly kind: 'refused'; readonly code: 1008 | 1012; readonly detail: string };

/**
 * Asks for another upstream, once.
 * @param resumption which of the connection's upstreams that will be, the first after the original being 1.
 * @param withdrawal told of when the client has left meanwhile.
 */
export type Redial = (resumption: number, withdrawal: Withdrawable) => Promise<Redialed>;

/** What redialing works with. */
export interface RedialingParts {
  readonly clock: Clock;
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly redial: Redial;
}

export interface RedialingOwner {
  joined(leg: Leg): void;
  gaveUp(code: 1008 | 1012, detail: string): void;
}

const nothing = (): void => {};

/** Attempts to find a held client another upstream, with growing waits between them. */
export class Redialing {
  readonly #options: HoldOptions;
  readonly #parts: RedialingParts;
  readonly #owner: RedialingOwner;
  #attempts = 0;
  #resumption = 0;
  #lastDetail = '';
  #stopTimer: Cancel = nothing;
  #withdrawal: Withdrawal | null = null;
  #joinedAt = Number.NEGATIVE_INFINITY;

  constructor(options: HoldOptions, parts: RedialingParts, owner: RedialingOwner) {
    this.#options = options;
    this.#parts = parts;
    this.#owner = owner;
  }

  /** The upstream is gone. One that did not stay long goes on with the count of attempts that led to it. */
  start(): void {
    const stayedMs = this.#parts.clock.now() - this.#joinedAt;
    if (stayedMs > this.#options.backoff.maxMs) this.#attempts = 0;
    this.#resumption++;
    this.#next();
  }

  /** Ends whatever is under way. */
  stop(): void {
    this.#stopTimer();
    this.#stopTimer = nothing;
    const withdrawal = this.#withdrawal;
    this.#withdrawal = null;
    withdrawal?.withdraw();
  }

  #next(): void {
    const { attempts, backoff } = this.#options;
    const { clock, random } = this.#parts;
    if (this.#attempts >= attempts) {
      const last = this.#lastDetail === '' ? '' : `: ${this.#lastDetail}`;
      this.#owner.gaveUp(1012, `no upstream took over in ${attempts} attempts${last}`);
      return;
    }
    const waitMs = backoffMs(backoff, this.#attempts++) * (1 - backoff.jitter * random());
    this.#stopTimer = clock.after(waitMs, () => void this.#attempt());
  }

  async #attempt(): Promise<void> {
    const withdrawal = new Withdrawal();
    this.#withdrawal = withdrawal;
    const outcome = await this.#dial(withdrawal);
    if (this.#withdrawal !== withdrawal) {
      if (outcome.kind === 'joined') outcome.leg.stream.destroy();
      return;
    }
    this.#withdrawal = null;
    if (outcome.kind === 'joined') {
      this.#joinedAt = this.#parts.clock.now();
      this.#owner.joined(outcome.leg);
    } else if (outcome.kind === 'refused') {
      this.#owner.gaveUp(outcome.code, outcome.detail);
    } else {
      this.#lastDetail = outcome.detail;
      this.#next();
    }
  }

  async #dial(withdrawal: Withdrawal): Promise<Redialed> {
    try {
      return await this.#parts.redial(this.#resumption, withdrawal);
    } catch (error) {
      return { kind: 'refused', code: 1012, detail: (error as Error).message };
    }
  }
}
