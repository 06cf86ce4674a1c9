import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearest } from './nearest.ts';

describe('editDistance', () => {
  it.each([
    ['', '', 0],
    ['a', '', 1],
    ['kitten', 'sitting', 3],
    ['pign', 'ping', 1],
    ['actions', 'action', 1],
  ])('from %s to %s is %i', (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits);
  });

  it('is the same both ways, zero only for equal texts, and never more than the longer length', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
        const edits = editDistance(a, b);
        expect(editDistance(b, a)).toBe(edits);
        expect(edits === 0).toBe(a === b);
        expect(edits).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe('nearest', () => {
  it('finds what was meant, whatever the case', () => {
    expect(nearest('pingIntervall', ['pongTimeout', 'pingInterval'])).toBe('pingInterval');
    expect(nearest('PINGINTERVAL', ['pongTimeout', 'pingInterval'])).toBe('pingInterval');
    expect(nearest('GTE', ['GET', 'POST'])).toBe('GET');
  });

  it('finds nothing when nothing is near', () => {
    expect(nearest('banana', ['pongTimeout', 'pingInterval'])).toBeUndefined();
    expect(nearest('x', [])).toBeUndefined();
    expect(nearest('a'.repeat(101), ['a'.repeat(100)])).toBeUndefined();
  });
});
