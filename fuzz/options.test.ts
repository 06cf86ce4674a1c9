import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../test/support/temporary-folder.ts';
import { readFinding } from './findings.ts';
import { readOptions, USAGE } from './options.ts';

describe('the options of the fuzzer', () => {
  it('are a minute with a new seed when there are none', () => {
    const asked = { task: 'fuzz', seconds: 60, seed: null, only: null, coverage: true };
    expect(readOptions([])).toEqual(asked);
  });

  it('are read', () => {
    const args = ['--seconds', '5', '--seed', '7', '--only', 'frames', '--no-coverage'];
    const asked = { task: 'fuzz', seconds: 5, seed: 7, only: 'frames', coverage: false };
    expect(readOptions(args)).toEqual(asked);
    expect(readOptions(['--replay', 'a.json'])).toEqual({ task: 'replay', file: 'a.json' });
    expect(readOptions(['--help', '--seconds', 'x'])).toEqual({ task: 'help' });
  });

  it.each([
    [['--nope'], /^Unknown option '--nope'.*$/],
    [['--seconds', 'abc'], /^--seconds takes a whole number, not abc$/],
    [['--seed', '-'], /^--seed takes a whole number, not -$/],
    [['--only', 'nix'], /^--only takes one of handshake, frames, upstream, not nix$/],
  ])('say in a line what is wrong: %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });

  it('are all explained, with the exit codes', () => {
    for (const option of ['seconds', 'seed', 'only', 'no-coverage', 'replay', 'help'])
      expect(USAGE).toContain(`  --${option} `);
    expect(USAGE).toMatch(/Exit codes: 0 .*, 1 .*, 2 /);
  });
});

describe('a finding that is to be played again', () => {
  it.each(['gone.json', 'text.json', 'other.json'])('is refused in a line when %s has none', (file) => {
    const path = join(temporaryFolder({ 'text.json': 'hello\n', 'other.json': '{"cases":1}' }), file);
    expect(() => readFinding(path)).toThrow(`there is no finding in ${path}`);
  });
});
