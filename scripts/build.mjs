// Builds dist/ from src/: the compiler writes the modules, this copies what is not TypeScript.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const started = new Date();

if (process.argv.includes('--clean')) rmSync(join(root, 'dist'), { recursive: true, force: true });

const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const compiled = spawnSync(process.execPath, [tsc, '--project', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

cpSync(join(root, 'src', 'demo', 'page'), join(root, 'dist', 'demo', 'page'), { recursive: true });
chmodSync(join(root, 'dist', 'cli', 'main.js'), 0o755);

// The bootstrap compares sources with this stamp; it carries the time at which the build began.
const stamp = join(root, 'dist', '.built');
writeFileSync(stamp, '');
utimesSync(stamp, started, started);
