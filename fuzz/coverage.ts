import { readFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';
import type { CoverageNews } from './messages.ts';

const NOTHING: CoverageNews = { newBytes: 0, coveredBytes: 0, totalBytes: 0 };

/** Which bytes of the gateway's own code were executed in this process, as V8 counts. */
export class Coverage {
  readonly #session = new Session();
  readonly #scripts = new Map<string, Uint8Array>();
  #started = false;

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
    this.#started = true;
  }

  /** What is new since the last time. */
  async take(): Promise<CoverageNews> {
    if (!this.#started) return NOTHING;
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    let newBytes = 0;
    for (const script of result) if (script.url.includes('/dist/')) newBytes += this.#merge(script);
    let coveredBytes = 0;
    let totalBytes = 0;
    for (const covered of this.#scripts.values()) {
      totalBytes += covered.length;
      for (const byte of covered) coveredBytes += byte;
    }
    return { newBytes, coveredBytes, totalBytes };
  }

  #merge({ url, functions }: Profiler.ScriptCoverage): number {
    const covered = this.#coveredOf(url);
    const now = new Uint8Array(covered.length);
    // Inner ranges come after those that hold them.
    for (const { ranges } of functions) {
      for (const { startOffset, endOffset, count } of ranges)
        now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    }
    let newBytes = 0;
    for (let i = 0; i < now.length; i++) {
      if (now[i] === 1 && covered[i] === 0) {
        covered[i] = 1;
        newBytes++;
      }
    }
    return newBytes;
  }

  #coveredOf(url: string): Uint8Array {
    let covered = this.#scripts.get(url);
    if (covered === undefined) {
      covered = new Uint8Array(readFileSync(fileURLToPath(url), 'utf8').length);
      this.#scripts.set(url, covered);
    }
    return covered;
  }
}
