import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generator } from '../../../test/support/random.ts';
import type { Balancer, Candidate, Candidates } from './balancer.ts';

/** An endpoint that counts what it was given, and keeps it open. */
export class TestCandidate implements Candidate {
  readonly id: string;
  readonly weight: number;
  connections = 0;

  constructor(id: string, weight = 1) {
    this.id = id;
    this.weight = weight;
  }
}

export const candidatesOf = (...weights: number[]): TestCandidate[] =>
  weights.map((weight, i) => new TestCandidate(`ws://10.0.0.${i + 1}:8080/ws`, weight));

export function asCandidates<C extends Candidate>([first, ...others]: readonly C[]): Candidates<C> {
  if (first === undefined) throw new Error('no candidates');
  return [first, ...others];
}

/** Opens `count` connections of as many clients, and leaves them open. */
export function open(
  balancer: Balancer,
  candidates: readonly TestCandidate[],
  count: number,
  from = 0,
): void {
  const all = asCandidates(candidates);
  for (let i = from; i < from + count; i++) balancer.pick(all, `client-${i}`).connections++;
}

const MANY = 4_000;
// Five standard deviations of the most uneven share, when each choice is made by lot.
const TOLERANCE = 5 * Math.sqrt(0.25 / MANY);

const weights = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 8 });
const seeds = fc.integer();

/** What every balancer has to do, however it chooses. */
export function balancerSuite(name: string, make: (random: () => number) => Balancer): void {
  describe(`${name}, as every balancer,`, () => {
    it('chooses one of the candidates it was given, whichever they are at the time', () => {
      const choices = fc.array(fc.tuple(fc.integer({ min: 1, max: 255 }), fc.option(fc.string())), {
        minLength: 1,
        maxLength: 50,
      });
      fc.assert(
        fc.property(choices, seeds, (rounds, seed) => {
          const balancer = make(generator(seed));
          const all = candidatesOf(1, 2, 3, 1, 5, 1, 1, 1);
          for (const [mask, key] of rounds) {
            const able = asCandidates(all.filter((_, i) => (mask >> i) & 1));
            const chosen = balancer.pick(able, key);
            expect(able).toContain(chosen);
            chosen.connections++;
          }
        }),
      );
    });

    it('gives every endpoint the share of its weight', () => {
      fc.assert(
        fc.property(weights, (all) => {
          const candidates = candidatesOf(...all);
          open(make(generator(1)), candidates, MANY);
          const total = all.reduce((sum, weight) => sum + weight, 0);
          for (const { weight, connections } of candidates)
            expect(Math.abs(connections / MANY - weight / total)).toBeLessThan(TOLERANCE);
        }),
        { numRuns: 25, seed: 7 },
      );
    });

    it('shares out among the others what an endpoint that has left would have got', () => {
      const candidates = candidatesOf(1, 1, 2, 4);
      const rest = candidates.slice(0, 3);
      const balancer = make(generator(2));
      open(balancer, candidates, 80);
      for (const candidate of candidates) candidate.connections = 0;
      open(balancer, rest, MANY, 80);
      expect(candidates[3]?.connections).toBe(0);
      for (const { weight, connections } of rest)
        expect(Math.abs(connections / MANY - weight / 4)).toBeLessThan(TOLERANCE);
    });

    it('gives an endpoint that joins its share of what comes, or more while it has less', () => {
      const [newcomer, ...old] = candidatesOf(1, 1, 1);
      if (newcomer === undefined) throw new Error('no newcomer');
      const balancer = make(generator(3));
      open(balancer, old, 300);
      open(balancer, [...old, newcomer], MANY, 300);
      expect(newcomer.connections / MANY).toBeGreaterThan(1 / 3 - TOLERANCE);
    });

    it('takes the only candidate there is, with a key or without', () => {
      const [only] = asCandidates(candidatesOf(3));
      const balancer = make(generator(4));
      for (const key of [null, '', 'client']) expect(balancer.pick(asCandidates([only]), key)).toBe(only);
    });

    it('spreads requests without a key', () => {
      const candidates = asCandidates(candidatesOf(1, 1, 1));
      const balancer = make(generator(5));
      for (let i = 0; i < 300; i++) balancer.pick(candidates, null).connections++;
      for (const { connections } of candidates) expect(connections).toBeGreaterThan(50);
    });
  });
}
