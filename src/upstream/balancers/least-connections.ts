import { type Balancer, type Candidate, type Candidates, loadOf, type Random } from './balancer.ts';
import { RoundRobin } from './round-robin.ts';

/** The fewest connections in proportion to weight; in turn among those that have equally few. */
export class LeastConnections implements Balancer {
  readonly #turns: RoundRobin;

  constructor(random: Random) {
    this.#turns = new RoundRobin(random);
  }

  pick<C extends Candidate>(candidates: Candidates<C>): C {
    const least = Math.min(...candidates.map(loadOf));
    const [first, ...others] = candidates.filter((candidate) => loadOf(candidate) === least);
    return first === undefined ? candidates[0] : this.#turns.pick([first, ...others]);
  }
}
