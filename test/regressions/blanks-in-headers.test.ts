import { expect, it } from 'vitest';
import { parseExtensionList, parseTokenList, trimBlanks } from '../../src/websocket/tokens.ts';

/** So many that whoever looks at each blank once for every other would not be done before the test's time is up. */
const BLANKS = ' '.repeat(2_000_000);

it('trims any number of blanks, looking at each once', () => {
  expect(trimBlanks(`${BLANKS}a${BLANKS}b${BLANKS}`)).toBe(`a${BLANKS}b`);
});

it('reads lists full of blanks, looking at each once', () => {
  expect(parseTokenList([`a${BLANKS},${BLANKS}b`])).toEqual(['a', 'b']);
  expect(parseTokenList([`a${BLANKS}b`])).toBeNull();
  expect(parseExtensionList([`a;${BLANKS}b${BLANKS}c`])).toBeNull();
});
