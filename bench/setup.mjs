// Installs what the benchmark compares wsfw with, as far as npm has it, and says what is missing of the rest. It changes
// nothing outside of bench/.
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { readArguments } from './lib/arguments.mjs';
import { PROXIES } from './proxies/index.mjs';

const USAGE = `Usage: npm run bench:setup

Installs the packages in bench/package.json into bench/node_modules, with npm ci. Downloads them, if npm has none of
them yet.

  --help   this text

Exit codes: 0 installed, 1 npm failed, 2 it cannot do what it was asked for.`;

readArguments(USAGE, () => {
  const { values } = parseArgs({ options: { help: { type: 'boolean', default: false } } });
  return values.help ? null : values;
});

// What has native code comes with it ready made, or does without: nothing is compiled.
const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'], {
  cwd: import.meta.dirname,
  stdio: 'inherit',
  shell: process.platform === 'win32',
});
if (done.status !== 0) {
  console.error('The packages that wsfw is compared with could not be installed.');
  process.exit(1);
}

for (const { name, title, find, install } of PROXIES) {
  const version = find();
  console.log(`${name.padEnd(14)}${version === null ? `missing: ${install}` : `${title}, ${version}`}`);
}
if (PROXIES.some(({ find }) => find() === null)) {
  console.log('\nThe benchmark leaves out what is missing.');
}
