// Makes a fresh clone runnable with Node and npm only: installs when the lock file changed, builds when a
// source is newer than the last build, and is silent when there is nothing to do. No dependencies of its own.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const LOWEST_NODE = [20, 19];

requireNode();
installWhenNeeded();
buildWhenNeeded();

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > LOWEST_NODE[0] || (major === LOWEST_NODE[0] && minor >= LOWEST_NODE[1])) return;
  fail(`wsfw needs Node.js ${LOWEST_NODE.join('.')} or newer; this is ${process.versions.node}.`);
}

function installWhenNeeded() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  const stamp = join(root, 'node_modules', '.wsfw-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;

  console.log('Installing dependencies (npm ci) ...');
  run(
    'npm',
    ['ci', '--no-audit', '--no-fund', '--loglevel=error'],
    'The dependencies could not be installed.',
  );
  writeFileSync(stamp, hash);
}

function buildWhenNeeded() {
  const stamp = join(root, 'dist', '.built');
  const inputs = ['src', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json', 'scripts/build.mjs'];
  const newest = Math.max(...inputs.map((input) => newestChange(join(root, input))));
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= newest) return;

  console.log('Building ...');
  run(process.execPath, [join(root, 'scripts', 'build.mjs')], 'The build failed.');
}

function newestChange(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  // A folder's own time tells of files that were removed.
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestChange(join(path, name))));
}

function run(command, args, message) {
  const shell = process.platform === 'win32' && command === 'npm';
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell });
  if (done.error) fail(`${message} ${done.error.message}`);
  if (done.status !== 0) fail(message);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
