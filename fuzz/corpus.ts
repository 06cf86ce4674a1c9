import type { Case } from './case.ts';
import type { Random } from './random.ts';

const MAX_CASES = 1_000;

interface Kept {
  readonly kept: Case;
  /** How probable it is that it was this one that reached something new. */
  worth: number;
}

/** Cases that were under way when code was executed for the first time: what is like them may reach more. */
export class Corpus {
  #cases: Kept[] = [];

  get size(): number {
    return this.#cases.length;
  }

  /** Any of these may have been the one. */
  add(candidates: Iterable<Case>): void {
    const all = [...candidates];
    for (const kept of all) this.#cases.push({ kept, worth: 1 / all.length });
    if (this.#cases.length <= MAX_CASES) return;
    this.#cases.sort((a, b) => b.worth - a.worth);
    this.#cases.length = MAX_CASES;
  }

  /** One of the cases, probable ones more often; `null` while there is none. */
  pick(random: Random): Case | null {
    if (this.#cases.length === 0) return null;
    const one = random.pick(this.#cases);
    const two = random.pick(this.#cases);
    return (one.worth >= two.worth ? one : two).kept;
  }
}
