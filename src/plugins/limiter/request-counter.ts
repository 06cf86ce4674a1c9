import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Clients counted at one time. Past it the client whose window is oldest is forgotten first. */
export const MAX_CLIENTS = 65_536;

export interface CounterOptions {
  readonly maxRequests: number;
  readonly windowMs: number;
  readonly now: () => number;
  /** Default `MAX_CLIENTS`. */
  readonly maxClients?: number;
}

/** Counts requests per client in windows that start with a client's first request. */
export class RequestCounter {
  readonly #limiter: RateLimiterMemory;
  readonly #windowMs: number;
  readonly #maxClients: number;
  readonly #now: () => number;
  /**
   * When each client's window started. The windows are equally long, so the oldest stand first: this is what
   * bounds the limiter's memory, which has no bound of its own.
   */
  readonly #windows = new Map<string, number>();

  constructor({ maxRequests, windowMs, now, maxClients = MAX_CLIENTS }: CounterOptions) {
    this.#limiter = new RateLimiterMemory({ points: maxRequests, duration: windowMs / 1000, keyPrefix: '' });
    this.#windowMs = windowMs;
    this.#maxClients = maxClients;
    this.#now = now;
  }

  /** Counts one request. Resolves with `0` when it may pass, else with the milliseconds left of the window. */
  async count(client: string): Promise<number> {
    try {
      this.#note(client, await this.#limiter.consume(client));
      return 0;
    } catch (over) {
      if (!(over instanceof RateLimiterRes)) throw over;
      this.#note(client, over);
      return over.msBeforeNext;
    }
  }

  /** How many clients are being remembered. */
  get clients(): number {
    return this.#windows.size;
  }

  /** Forgets everyone, and with them the limiter's timers. */
  async clear(): Promise<void> {
    await Promise.all([...this.#windows.keys()].map((client) => this.#forget(client)));
  }

  #note(client: string, seen: RateLimiterRes): void {
    if (!seen.isFirstInDuration && this.#windows.has(client)) return;
    const now = this.#now();
    this.#windows.delete(client);
    this.#windows.set(client, now);
    this.#dropExpired(now);
    if (this.#windows.size <= this.#maxClients) return;
    const oldest = this.#windows.keys().next();
    if (oldest.done !== true) void this.#forget(oldest.value);
  }

  #dropExpired(now: number): void {
    for (const [client, started] of this.#windows) {
      if (now - started < this.#windowMs) return;
      this.#windows.delete(client);
    }
  }

  async #forget(client: string): Promise<void> {
    this.#windows.delete(client);
    await this.#limiter.delete(client);
  }
}
