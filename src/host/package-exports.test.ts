import { describe, expect, it } from 'vitest';
import { resolveExports } from './package-exports.ts';

describe('resolveExports', () => {
  it.each([
    ['a string', './a.js', '.', './a.js'],
    [
      'conditions, the first that holds in the order of the file',
      { require: './a.cjs', import: './a.mjs' },
      '.',
      './a.mjs',
    ],
    ['nested conditions', { '.': { node: { require: './a.cjs', import: './a.mjs' } } }, '.', './a.mjs'],
    [
      'the next condition when one holds but leads nowhere',
      { node: { require: './a.cjs' }, default: './b.js' },
      '.',
      './b.js',
    ],
    ['a list, the first that leads somewhere', ['not-relative', './a.js'], '.', './a.js'],
    ['a subpath', { '.': './a.js', './plugin': './p.js' }, './plugin', './p.js'],
    ['a pattern, the longest prefix first', { './*': './x/*.js', './p/*': './y/*.js' }, './p/q', './y/q.js'],
    ['a pattern with a suffix', { './*.js': './x/*.js' }, './q.js', './x/q.js'],
    ['null for what is withheld', { './*': './x/*.js', './secret': null }, './secret', null],
    ['null for a subpath that is not exported', { '.': './a.js' }, './plugin', null],
    ['null for what only require may have', { '.': { require: './a.cjs' } }, '.', null],
    ['null for a target outside', '../a.js', '.', null],
  ])('gives %s', (_, exports, subpath, file) => {
    expect(resolveExports(exports, subpath)).toBe(file);
  });
});
