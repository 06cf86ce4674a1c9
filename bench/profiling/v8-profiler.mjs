import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nativeFrame, scriptFrame } from './frames.mjs';

const WRITE_TIMEOUT_MS = 10_000;

/**
 * V8's own profiler, for systems without `perf`: JavaScript only, and only in proxies that run on Node. Time in the
 * kernel counts as its caller's.
 */
export class V8Profiler {
  #folder = mkdtempSync(join(tmpdir(), 'wsfw-profile-'));
  #file = join(this.#folder, 'profile.json');
  /** @type {readonly number[]} */
  #pids = [];

  title = "V8's profiler, JavaScript only: perf is not on this machine";

  nodeFlags = ['--import', new URL('./profile-on-signal.mjs', import.meta.url).href];
  env = { BENCH_PROFILE: this.#file };

  /** @param {readonly number[]} pids */
  async start(pids) {
    this.#pids = pids;
    for (const pid of pids) process.kill(pid, 'SIGUSR2');
    await sleep(100);
  }

  /** @returns {Promise<import('./profiler.mjs').Stack[]>} */
  async stop() {
    for (const pid of this.#pids) process.kill(pid, 'SIGUSR2');
    const deadline = performance.now() + WRITE_TIMEOUT_MS;
    for (;;) {
      try {
        return stacksOf(JSON.parse(readFileSync(this.#file, 'utf8')));
      } catch (error) {
        if (performance.now() > deadline) throw error;
        await sleep(50);
      }
    }
  }

  dispose() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * @param {import('node:inspector').Profiler.Profile} profile
 * @returns {import('./profiler.mjs').Stack[]}
 */
function stacksOf({ nodes, samples = [], timeDeltas = [] }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  return samples.flatMap((id, index) => {
    const frames = [];
    for (let at = /** @type {number | undefined} */ (id); at !== undefined; at = parents.get(at)) {
      const call = byId.get(at)?.callFrame;
      if (call === undefined || call.functionName === '(root)') continue;
      const { functionName, url, lineNumber } = call;
      const isNative = url === '' || functionName.startsWith('(');
      frames.push(
        isNative ? nativeFrame(functionName, false) : scriptFrame(functionName, url, lineNumber + 1),
      );
    }
    // Waiting costs nothing.
    if (frames.some(({ name }) => name === '' || name === '(idle)')) return [];
    return [{ frames: frames.reverse(), weight: Math.max(0, timeDeltas[index] ?? 0) }];
  });
}
