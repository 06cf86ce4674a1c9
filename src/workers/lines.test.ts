import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lines } from './lines.ts';

function collected(maxCharacters?: number) {
  const passed: string[] = [];
  return { passed, lines: new Lines((text) => passed.push(text), maxCharacters) };
}

describe('lines', () => {
  it('are passed on whole, however the text was cut', () => {
    const property = fc.property(fc.array(fc.string()), (pieces) => {
      const { passed, lines } = collected();
      for (const piece of pieces) lines.push(piece);
      lines.end();
      const text = pieces.join('');
      expect(passed.join('')).toBe(text === '' || text.endsWith('\n') ? text : `${text}\n`);
      for (const each of passed) expect(each.endsWith('\n')).toBe(true);
    });
    fc.assert(property);
  });

  it('that never end are passed on in parts', () => {
    const { passed, lines } = collected(10);
    for (let i = 0; i < 5; i++) lines.push('1234');
    lines.end();
    expect(passed).toEqual(['123412341234\n', '12341234\n']);
  });
});
