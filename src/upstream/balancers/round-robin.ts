import type { Balancer, Candidate, Candidates, Random } from './balancer.ts';

/**
 * In turn, each as often as its weight says, and spread out rather than in a row: weights of 5, 1 and 1 give
 * `a a b a c a a`. At every turn each candidate is credited its weight; the one with the most credit is chosen and
 * pays for all.
 */
export class RoundRobin implements Balancer {
  readonly #credits = new WeakMap<Candidate, number>();
  readonly #random: Random;
  #started = false;

  constructor(random: Random) {
    this.#random = random;
  }

  pick<C extends Candidate>(candidates: Candidates<C>): C {
    if (!this.#started) this.#start(candidates);
    return this.#turn(candidates);
  }

  /** Gateways that start together would otherwise all begin with the same endpoint. */
  #start(candidates: Candidates<Candidate>): void {
    this.#started = true;
    for (let skip = Math.floor(this.#random() * candidates.length); skip > 0; skip--) this.#turn(candidates);
  }

  #turn<C extends Candidate>(candidates: Candidates<C>): C {
    let chosen: C = candidates[0];
    let most = Number.NEGATIVE_INFINITY;
    let total = 0;
    for (const candidate of candidates) {
      const credit = (this.#credits.get(candidate) ?? 0) + candidate.weight;
      this.#credits.set(candidate, credit);
      total += candidate.weight;
      if (credit <= most) continue;
      chosen = candidate;
      most = credit;
    }
    this.#credits.set(chosen, most - total);
    return chosen;
  }
}
