import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

const COMMANDS = ['run.mjs', 'profile.mjs', 'scaling.mjs', 'setup.mjs', 'soak/run.mjs'];

/**
 * @param {string} command
 * @param {string[]} args
 */
function run(command, ...args) {
  return spawnSync(process.execPath, [join(import.meta.dirname, '..', command), ...args], {
    encoding: 'utf8',
  });
}

for (const command of COMMANDS) {
  test(`${command} explains itself and does nothing else`, () => {
    const { status, stdout, stderr } = run(command, '--help');
    assert.equal(stderr, '');
    assert.match(stdout, /^Usage: (npm run|node) bench/);
    assert.match(stdout, /--help/);
    assert.equal(status, 0);
  });

  test(`${command} says in a line what is wrong with an option`, () => {
    const { status, stdout, stderr } = run(command, '--nope');
    assert.equal(stdout, '');
    assert.match(stderr.trim(), /^.*'--nope'.*$/);
    assert.equal(status, 2);
  });
}

for (const [command, option, value] of /** @type {const} */ ([
  ['scaling.mjs', '--rounds', '0'],
  ['scaling.mjs', '--rounds', 'many'],
  ['soak/run.mjs', '--minutes', '0'],
  ['soak/run.mjs', '--minutes', 'x'],
  ['soak/run.mjs', '--minutes', '1441'],
])) {
  test(`${command} refuses ${option} ${value}`, () => {
    const { status, stderr } = run(command, option, value);
    assert.match(stderr.trim(), new RegExp(`^${option} takes .*, not ${value}$`));
    assert.equal(status, 2);
  });
}
