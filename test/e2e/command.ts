import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { DEADLINE_MS, within } from '../support/deadline.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Finished {
  /** `null` when a signal ended the process. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** How many files and sockets it may have open at a time. */
  readonly maxDescriptors?: number;
  /** Makes it the first of a process group of its own, which is killed whole when the test ends. */
  readonly group?: boolean;
}

/** A `wsfw` process. It is killed when the test ends, if it has not ended by then. */
export class Command {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  /** Resolves when the process has ended and all that it wrote was read. */
  readonly finished: Promise<Finished>;
  readonly #watchers = new Set<() => void>();

  constructor(args: readonly string[], { cwd, env, maxDescriptors, group = false }: CommandOptions = {}) {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is not built. Run: npm run build`);
    const { PATH = '' } = process.env;
    const limit = maxDescriptors === undefined ? '' : `ulimit -n ${maxDescriptors}; `;
    const shell = ['-c', `${limit}exec "$0" "$@"`, process.execPath, MAIN];
    this.child = spawn('/bin/sh', [...shell, ...args], {
      ...(cwd === undefined ? {} : { cwd }),
      env: { PATH, ...env },
      detached: group,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take('stdout', text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#take('stderr', text));
    this.finished = (once(this.child, 'close') as Promise<[number | null]>).then(([code]) => ({
      code,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
    onTestFinished(async () => {
      if (group) this.signalGroup('SIGKILL');
      else this.child.kill('SIGKILL');
      await this.finished;
    });
  }

  /** Sends a signal to every process of its group, as a terminal does. */
  signalGroup(signal: NodeJS.Signals): void {
    const { pid } = this.child;
    try {
      if (pid !== undefined) process.kill(-pid, signal);
    } catch {
      // All of them have ended.
    }
  }

  /** What `pattern` finds in what the process has written to standard output, now or later. */
  output(pattern: RegExp): Promise<RegExpExecArray> {
    return this.until((stdout) => pattern.exec(stdout), String(pattern));
  }

  /** What `find` finds in what the process has written to standard output, now or later. */
  until<T>(find: (stdout: string) => T | null, what: string): Promise<T> {
    const found = new Promise<T>((resolve, reject) => {
      const look = () => {
        const match = find(this.stdout);
        if (match === null) return;
        this.#watchers.delete(look);
        resolve(match);
      };
      this.#watchers.add(look);
      look();
      void this.finished.then(() => reject(new Error(`it ended without ${what}:\n${this.#written()}`)));
    });
    return within(found, `${what} on standard output`, 2 * DEADLINE_MS);
  }

  /** The port in the line that says where the gateway listens. */
  async port(): Promise<number> {
    return Number((await this.output(/https?:\/\/[^"\s]*?:(\d+)/))[1]);
  }

  exit(): Promise<Finished> {
    return within(this.finished, `end of the command:\n${this.#written()}`, 2 * DEADLINE_MS);
  }

  #take(stream: 'stdout' | 'stderr', text: string): void {
    this[stream] += text;
    for (const look of [...this.#watchers]) look();
  }

  #written(): string {
    return `${this.stdout}${this.stderr}`;
  }
}

/** Runs a command line to its end. */
export function wsfw(args: readonly string[], options?: CommandOptions): Promise<Finished> {
  return new Command(args, options).exit();
}
