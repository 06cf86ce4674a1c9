import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { substitute, variableParts } from './environment.ts';

const ENV = { NAME: 'value', EMPTY: '', NESTED: `\${NAME}` };

describe('substitute', () => {
  it.each([
    [`\${NAME}`, 'value'],
    [`a-\${NAME}-\${NAME}`, 'a-value-value'],
    [`\${NOPE:-fallback}`, 'fallback'],
    [`\${NOPE:-}`, ''],
    [`\${EMPTY:-fallback}`, 'fallback'],
    [`\${EMPTY}`, ''],
    [`\${NAME:-fallback}`, 'value'],
    [`\${NOPE:-a:-b c}`, 'a:-b c'],
    [`\${NESTED}`, `\${NAME}`],
    [`$\${NAME} \${NAME}`, `\${NAME} value`],
  ])('turns %s into %j', (text, expected) => {
    expect(substitute(text, ENV)).toEqual({ text: expected, changed: true, wrong: [] });
  });

  it('leaves texts without variables alone', () => {
    for (const text of ['', '$', '$NAME', '{NAME}', '$5 {x}', '$$']) {
      expect(substitute(text, ENV)).toEqual({ text, changed: false, wrong: [] });
    }
    expect(substitute(`$\${NAME}`, ENV)).toEqual({ text: `\${NAME}`, changed: false, wrong: [] });
  });

  it.each([`\${NOPE}`, `\${toString}`, `\${}`, `\${1A}`, `\${A-B}`, `\${NAME`, `\${ NAME }`])(
    'explains %s',
    (text) => {
      expect(substitute(text, ENV).wrong).toHaveLength(1);
    },
  );

  it('takes a variable that holds its own placeholder for one that nobody filled in', () => {
    expect(substitute(`a\${X}`, { X: `\${X}` })).toMatchObject({
      text: `a\${X}`,
      wrong: [expect.any(String)],
    });
  });

  it('tells every variable that is not set, not the first only', () => {
    expect(substitute(`\${A}\${B}`, {}).wrong).toEqual([
      `the environment variable A is not set: set it, or write a default, \${A:-default}`,
      `the environment variable B is not set: set it, or write a default, \${B:-default}`,
    ]);
  });

  it('puts any value in as it is, whatever characters it has', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (before, value, after) => {
        fc.pre(!before.includes('$') && !after.includes('$'));
        expect(substitute(`${before}\${X}${after}`, { X: value }).text).toBe(before + value + after);
      }),
    );
  });

  it('never throws, and keeps literal what $$ escapes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'A', ':', '-') }), (text) => {
        substitute(text, { A: 'x' });
        const literal = text.replaceAll(`\${`, () => `$\${`);
        fc.pre(!text.includes('$$'));
        expect(substitute(literal, {})).toEqual({ text, changed: false, wrong: [] });
      }),
    );
  });
});

describe('variableParts', () => {
  it('finds again what variables gave', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (before, value, after) => {
        fc.pre(!before.includes('$') && !after.includes('$'));
        const written = `${before}\${X}${after}`;
        expect(variableParts(written, before + value + after)).toEqual([{ placeholder: `\${X}`, value }]);
      }),
    );
  });

  it('knows literals from variables', () => {
    expect(variableParts(`$\${A} \${A}/\${B:-c}`, `\${A} one/two`)).toEqual([
      { placeholder: `\${A}`, value: 'one' },
      { placeholder: `\${B:-c}`, value: 'two' },
    ]);
  });
});
