/** As much of an endpoint as it takes to choose among several. */
export interface Candidate {
  /** Tells endpoints apart, in every process and after every restart alike: hashing rests on it. */
  readonly id: string;
  /** Its share of the connections against that of the others. Above 0. */
  readonly weight: number;
  /** The connections that it has, handshakes under way included. */
  readonly connections: number;
}

/** At least one. */
export type Candidates<C extends Candidate> = readonly [C, ...C[]];

/** Chooses where the next connection goes. */
export interface Balancer {
  /**
   * @param candidates those that can take a connection at the moment: others from one time to the next, as endpoints
   * are full, ejected, tried before or gone.
   * @param key what a balancer that hashes goes by; `null` when the request has none.
   */
  pick<C extends Candidate>(candidates: Candidates<C>, key: string | null): C;
}

/** From 0 to below 1. */
export type Random = () => number;

/** Connections in proportion to weight: the lower, the more room. */
export const loadOf = ({ connections, weight }: Candidate): number => connections / weight;
