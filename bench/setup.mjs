// Installs what the benchmark compares wsfw with, as far as npm has it, and says what is missing of the rest. It changes
// nothing outside of bench/.
import { spawnSync } from 'node:child_process';
import { PROXIES } from './proxies/index.mjs';

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
