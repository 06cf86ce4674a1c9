import { type Balancer, type Candidate, type Candidates, loadOf, type Random } from './balancer.ts';

/**
 * Draws two by weight and takes the one with fewer connections in proportion to weight: nearly as even as looking at
 * all of them, without many gateways running to the same endpoint at once.
 */
export class RandomTwo implements Balancer {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  pick<C extends Candidate>(candidates: Candidates<C>): C {
    const one = this.#draw(candidates);
    const [first, ...rest] = candidates.filter((candidate) => candidate !== one);
    if (first === undefined) return one;
    const other = this.#draw([first, ...rest]);
    return loadOf(other) < loadOf(one) ? other : one;
  }

  #draw<C extends Candidate>(candidates: Candidates<C>): C {
    let point = this.#random() * candidates.reduce((sum, { weight }) => sum + weight, 0);
    for (const candidate of candidates) {
      point -= candidate.weight;
      if (point < 0) return candidate;
    }
    return candidates[0];
  }
}
