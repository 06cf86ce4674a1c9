import { describe, expect, it } from 'vitest';
import { KINDS } from './case.ts';
import { generate } from './generate.ts';
import { mutateCase } from './mutate-case.ts';
import { Random } from './random.ts';

describe('the cases of a seed', () => {
  it.each(KINDS)('about %s are the same each time, and others than those of another seed', (kind) => {
    const cases = (seed: number) => Array.from({ length: 50 }, (_, i) => generate(new Random(seed, i), kind));
    expect(cases(1)).toEqual(cases(1));
    expect(cases(1)).not.toEqual(cases(2));
    expect(cases(1).every((each) => each.kind === kind)).toBe(true);
  });

  it('survive being kept in a file', () => {
    for (let i = 0; i < 300; i++) {
      const one = generate(new Random(1, i), null);
      expect(JSON.parse(JSON.stringify(one))).toEqual(one);
    }
  });

  it('are left as they are by their mutations', () => {
    for (let i = 0; i < 300; i++) {
      const one = generate(new Random(1, i), null);
      const before = JSON.stringify(one);
      mutateCase(one, generate(new Random(2, i), null), new Random(3, i));
      expect(JSON.stringify(one)).toBe(before);
    }
  });
});
