/** What sets off a hold: the upstream is lost without a close frame, or closes with that code. */
export type HoldTrigger = 'lost' | 1001 | 1012;

/** How a client is held while its upstream restarts. */
export interface HoldOptions {
  /** Handshakes to try, one after the other, before the client is given up. */
  readonly attempts: number;
  /** How long to wait before each of them. */
  readonly backoff: {
    /** Milliseconds before the first; each further wait is twice as long. */
    readonly initialMs: number;
    /** Milliseconds that a wait takes at most. */
    readonly maxMs: number;
    /** From 0 to 1: the share of each wait that is left to chance, so that many clients do not come at once. */
    readonly jitter: number;
  };
  /** Bytes from the client that are kept while there is no upstream; then it is not read any more. */
  readonly bufferBytes: number;
  readonly on: readonly HoldTrigger[];
}

/** How a connection with `hold` has fared so far. */
export interface HoldStats {
  /** Whether it has no upstream at the moment. */
  readonly holding: boolean;
  /** How often another upstream took over. */
  readonly resumed: number;
  /** Milliseconds without an upstream, in all. */
  readonly heldMs: number;
}

/** The longest that all waits between attempts can take together, in milliseconds; handshakes come on top. */
export function longestBackoffMs({ attempts, backoff }: Pick<HoldOptions, 'attempts' | 'backoff'>): number {
  let sum = 0;
  for (let attempt = 0; attempt < attempts; attempt++) sum += backoffMs(backoff, attempt);
  return sum;
}

/** The wait before an attempt, the first being 0, before chance takes its share off. */
export function backoffMs({ initialMs, maxMs }: HoldOptions['backoff'], attempt: number): number {
  return Math.min(maxMs, initialMs * 2 ** attempt);
}
