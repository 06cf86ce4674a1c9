import type { Balancer, Candidate, Candidates, Random } from './balancer.ts';
import { RoundRobin } from './round-robin.ts';

/**
 * Rendezvous hashing (highest random weight): every endpoint draws a number from the key and its own id, and the
 * highest wins. So a key stays with its endpoint for as long as that one can take it; an endpoint that leaves moves only
 * its own keys, spread over all others, and one that joins takes only its share. Every process comes to the same choice.
 * Requests without a key take turns.
 */
export class Rendezvous implements Balancer {
  readonly #hashes = new WeakMap<Candidate, number>();
  readonly #turns: RoundRobin;

  constructor(random: Random) {
    this.#turns = new RoundRobin(random);
  }

  pick<C extends Candidate>(candidates: Candidates<C>, key: string | null): C {
    if (key === null) return this.#turns.pick(candidates);
    const hash = hash32(key);
    let chosen: C = candidates[0];
    let highest = Number.NEGATIVE_INFINITY;
    for (const candidate of candidates) {
      const drawn = draw(hash, this.#hashOf(candidate), candidate.weight);
      if (drawn <= highest) continue;
      chosen = candidate;
      highest = drawn;
    }
    return chosen;
  }

  #hashOf(candidate: Candidate): number {
    const known = this.#hashes.get(candidate);
    if (known !== undefined) return known;
    const hash = hash32(candidate.id);
    this.#hashes.set(candidate, hash);
    return hash;
  }
}

/** An even number from 0 to 1, bent by the weight so that the chance to be the highest is in proportion to it. */
function draw(key: number, endpoint: number, weight: number): number {
  const even = (mix(key ^ endpoint) + 0.5) / 2 ** 32;
  return weight / -Math.log(even);
}

/** FNV-1a over UTF-16 units, then mixed: short texts that differ in one place differ everywhere. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return mix(hash);
}

/** Spreads 32 bits over 32 bits, one to one: every bit of the input changes half of the output's (MurmurHash3's last step). */
function mix(bits: number): number {
  let mixed = bits;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
