import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generator } from '../../../test/support/random.ts';
import { asCandidates, balancerSuite, candidatesOf, open, TestCandidate } from './balancer.suite.ts';
import { BALANCER_NAMES, createBalancer } from './create-balancer.ts';

for (const name of BALANCER_NAMES) balancerSuite(name, (random) => createBalancer(name, random));

const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

describe('roundRobin', () => {
  it('gives each exactly its weight in every full turn, wherever it starts', () => {
    fc.assert(
      fc.property(
        weights,
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 0, max: 0.99 }),
        (all, turns, start) => {
          const candidates = candidatesOf(...all);
          open(
            createBalancer('roundRobin', () => start),
            candidates,
            turns * sum(all),
          );
          expect(candidates.map(({ connections }) => connections)).toEqual(
            all.map((weight) => weight * turns),
          );
        },
      ),
    );
  });

  it('spreads a heavy endpoint over the turn', () => {
    const balancer = createBalancer('roundRobin', () => 0);
    const candidates = asCandidates(candidatesOf(5, 1, 1));
    const turn = Array.from({ length: 7 }, () => candidates.indexOf(balancer.pick(candidates, null)));
    expect(turn).toEqual([0, 0, 1, 0, 2, 0, 0]);
  });

  it('does not begin with the same endpoint in every process', () => {
    const firsts = [0, 0.4, 0.8].map((random) => {
      const candidates = asCandidates(candidatesOf(1, 1, 1));
      return candidates.indexOf(createBalancer('roundRobin', () => random).pick(candidates, null));
    });
    expect(firsts).toEqual([0, 1, 2]);
  });
});

describe('leastConnections', () => {
  it('never leaves an endpoint more than one connection above its share', () => {
    fc.assert(
      fc.property(weights, fc.array(fc.nat(), { maxLength: 200 }), (all, ends) => {
        const candidates = candidatesOf(...all);
        const balancer = createBalancer('leastConnections', generator(1));
        for (const end of ends) {
          const chosen = balancer.pick(asCandidates(candidates), null);
          const least = Math.min(...candidates.map(({ connections, weight }) => connections / weight));
          expect(chosen.connections / chosen.weight).toBe(least);
          chosen.connections++;
          const ending = candidates[end % (candidates.length * 2)];
          if (ending !== undefined && ending.connections > 0) ending.connections--;
        }
      }),
    );
  });
});

describe('randomTwo', () => {
  it('never takes the busiest of three', () => {
    const candidates = candidatesOf(1, 1, 1);
    const [busiest] = candidates;
    if (busiest === undefined) throw new Error('no candidates');
    busiest.connections = 10_000;
    open(createBalancer('randomTwo', generator(1)), candidates, 1_000);
    expect(busiest.connections).toBe(10_000);
  });
});

describe('hash', () => {
  const keys = Array.from({ length: 500 }, (_, i) => `client-${i}`);
  const choices = (candidates: readonly TestCandidate[], random = 1): string[] => {
    const balancer = createBalancer('hash', generator(random));
    return keys.map((key) => balancer.pick(asCandidates(candidates), key).id);
  };

  it('sends a key to the same endpoint in every process, in whatever order they are listed', () => {
    const candidates = candidatesOf(1, 2, 3, 4);
    expect(choices([...candidates].reverse(), 2)).toEqual(choices(candidates));
    expect(choices(candidatesOf(1, 2, 3, 4))).toEqual(choices(candidates));
  });

  it('moves only the keys of the endpoint that leaves, and gives them back when it returns', () => {
    fc.assert(
      fc.property(weights, fc.nat(), (all, index) => {
        const candidates = candidatesOf(...all, 1);
        const leaving = candidates[index % candidates.length]?.id;
        const before = choices(candidates);
        const after = choices(candidates.filter(({ id }) => id !== leaving));
        for (const [i, id] of before.entries()) if (id !== leaving) expect(after[i]).toBe(id);
      }),
      { numRuns: 30 },
    );
  });

  it('moves keys only towards an endpoint whose weight grows', () => {
    const before = choices(candidatesOf(1, 1, 1));
    const after = choices(candidatesOf(1, 3, 1));
    const grown = new TestCandidate('ws://10.0.0.2:8080/ws').id;
    for (const [i, id] of after.entries()) if (id !== before[i]) expect(id).toBe(grown);
  });

  it('spreads the keys of an endpoint that leaves over all others', () => {
    const candidates = candidatesOf(1, 1, 1, 1);
    const [leaving] = candidates;
    const before = choices(candidates);
    const after = choices(candidates.slice(1));
    const heirs = after.filter((_, i) => before[i] === leaving?.id);
    for (const { id } of candidates.slice(1))
      expect(heirs.filter((heir) => heir === id).length).toBeGreaterThan(heirs.length / 6);
  });
});
