import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { nativeFrame, scriptFrame } from './frames.mjs';

/** @typedef {import('./profiler.mjs').Stack} Stack */

const SAMPLES_PER_SECOND = 1997;
/** Until it has attached itself; it does not say when. */
const ATTACH_MS = 400;

/** Linux's profiler: sees the kernel, native code and JavaScript alike, of any process. */
export class Perf {
  #folder = mkdtempSync(join(tmpdir(), 'wsfw-profile-'));
  #file = join(this.#folder, 'perf.data');
  /** @type {import('node:child_process').ChildProcess | null} */
  #recorder = null;
  /** @type {readonly number[]} */
  #pids = [];

  static isHere() {
    return (
      process.platform === 'linux' && spawnSync('perf', ['record', '-o', '/dev/null', 'true']).status === 0
    );
  }

  title = 'perf, kernel and user stacks';

  /** Has V8 write down where it puts which function, interpreted ones too. */
  nodeFlags = ['--perf-basic-prof', '--interpreted-frames-native-stack'];
  env = {};

  /** @param {readonly number[]} pids */
  async start(pids) {
    this.#pids = pids;
    const rate = String(SAMPLES_PER_SECOND);
    const args = ['record', '-F', rate, '-g', '-p', pids.join(','), '-o', this.#file];
    this.#recorder = spawn('perf', args, { stdio: 'ignore' });
    await new Promise((resolve) => setTimeout(resolve, ATTACH_MS));
  }

  /** @returns {Promise<Stack[]>} */
  async stop() {
    this.#recorder?.kill('SIGINT');
    if (this.#recorder !== null) await once(this.#recorder, 'exit');
    const script = join(this.#folder, 'script');
    execFileSync('sh', [
      '-c',
      `perf script -i ${this.#file} -F comm,pid,tid,ip,sym,dso >${script} 2>/dev/null`,
    ]);
    /** @type {Stack[]} */
    const stacks = [];
    /** @type {Stack['frames']} */
    let frames = [];
    for await (const line of createInterface({ input: createReadStream(script) })) {
      if (line === '') {
        stacks.push({ frames: frames.reverse(), weight: 1 });
        frames = [];
      } else if (line.startsWith('\t') || line.startsWith(' ')) {
        const frame = readFrame(line);
        if (frame !== null) frames.push(frame);
      }
    }
    return stacks;
  }

  dispose() {
    rmSync(this.#folder, { recursive: true, force: true });
    for (const pid of this.#pids) rmSync(`/tmp/perf-${pid}.map`, { force: true });
  }
}

/**
 * `7fc1fe3f2d5e JS:^name file:///…:3:28 (/tmp/perf-28402.map)`, `f838f __GI___libc_write (/usr/lib/…/libc.so.6)`.
 * @param {string} line
 */
function readFrame(line) {
  const [, symbol = '', object = ''] = /^\s*[0-9a-f]+ (.*) \((.*)\)$/.exec(line) ?? [];
  if (symbol === '' || symbol === '[unknown]') return null;
  const script = /^(?:JS|Function|LazyCompile|Eval|Script):[*^~+']*(.*?) ?(\S+):(\d+):\d+$/.exec(symbol);
  if (script !== null) return scriptFrame(script[1] ?? '', script[2] ?? '', Number(script[3]));
  return nativeFrame(symbol, object.startsWith('['));
}
