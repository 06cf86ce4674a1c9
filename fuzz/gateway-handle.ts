import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type {
  CoverageNews,
  GatewayPorts,
  GatewayState,
  Question,
  Reply,
  StartArguments,
} from './messages.ts';

const PROCESS = fileURLToPath(new URL('./gateway-process.js', import.meta.url));
const ANSWER_TIMEOUT_MS = 20_000;
const STOP_TIMEOUT_MS = 5_000;
const KEPT_OUTPUT = 4_000;

/** The gateway did not answer, or is no more. */
export class GatewayGone extends Error {
  override readonly name = 'GatewayGone';
}

/** The process of the gateway under test, from outside. */
export class GatewayHandle {
  readonly #child: ChildProcess;
  readonly #open = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  #nextId = 1;
  #output = '';
  #gone: string | null = null;

  constructor() {
    const { NODE_OPTIONS: _, ...env } = process.env;
    this.#child = fork(PROCESS, [], {
      env,
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child.on('message', (reply: Reply) => this.#settle(reply));
    this.#child.on('exit', (code, signal) =>
      this.#lose(`the process ended with ${signal ?? `code ${code}`}`),
    );
    this.#child.on('error', (error) => this.#lose(error.message));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output = (this.#output + text.toString()).slice(-KEPT_OUTPUT);
      });
    }
  }

  /** Why it is no more; `null` while it lives. */
  get gone(): string | null {
    return this.#gone === null ? null : `${this.#gone}\n${this.#output}`.trim();
  }

  start(how: StartArguments): Promise<GatewayPorts> {
    return this.#ask<GatewayPorts>('start', how);
  }

  state(collected = false): Promise<GatewayState> {
    return this.#ask<GatewayState>(collected ? 'collectedState' : 'state');
  }

  newCoverage(): Promise<CoverageNews> {
    return this.#ask<CoverageNews>('newCoverage');
  }

  /** Politely, then by force. */
  async stop(): Promise<void> {
    if (this.#gone !== null) return;
    const exited = once(this.#child, 'exit');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    try {
      await this.#ask('stop');
    } catch {
      // By force, then.
    }
    if (this.#child.connected) this.#child.disconnect();
    await exited;
    clearTimeout(timer);
  }

  #ask<T>(ask: Question['ask'], argument?: unknown): Promise<T> {
    if (this.#gone !== null) return Promise.reject(new GatewayGone(this.gone ?? ''));
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      const late = () =>
        this.#settle({ id, error: `no answer to "${ask}" in ${ANSWER_TIMEOUT_MS / 1_000} s` });
      const timer = setTimeout(late, ANSWER_TIMEOUT_MS);
      this.#open.set(id, {
        resolve: (result) => {
          clearTimeout(timer);
          resolve(result as T);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#child.send({ id, ask, argument } satisfies Question);
    });
  }

  #settle({ id, result, error }: Reply): void {
    const waiting = this.#open.get(id);
    this.#open.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new GatewayGone(error));
  }

  #lose(why: string): void {
    this.#gone ??= why;
    for (const { reject } of this.#open.values()) reject(new GatewayGone(this.gone ?? ''));
    this.#open.clear();
  }
}
