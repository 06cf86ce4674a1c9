import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** What the figures depend on besides the code. */
export function describeMachine() {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()}`,
    node: process.version,
    v8: process.versions.v8,
    commit: commit(),
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
  };
}

function commit() {
  try {
    const git = (/** @type {string[]} */ ...args) =>
      execFileSync('git', args, {
        cwd: import.meta.dirname,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
    const dirty = git('status', '--porcelain', '--untracked-files=no', ':/src').trim() !== '';
    return git('rev-parse', '--short', 'HEAD').trim() + (dirty ? ' with changes' : '');
  } catch {
    return null;
  }
}
