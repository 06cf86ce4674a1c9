import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const PROBE = new URL('./probe.mjs', import.meta.url).href;
const STOP_TIMEOUT_MS = 8_000;
const ANSWER_TIMEOUT_MS = 60_000;
const KEPT_OUTPUT = 4_000;

/** A Node process of the benchmark: our own, or a proxy that runs on Node. */
export class Child {
  #name;
  #process;
  #output = '';
  #nextId = 1;
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  #open = new Map();
  #exited;

  /**
   * @param {string} name For messages.
   * @param {URL} file
   * @param {{ args?: string[], env?: Record<string, string>, nodeFlags?: readonly string[], probe?: boolean }} [how]
   */
  constructor(name, file, { args = [], env = {}, nodeFlags = [], probe = false } = {}) {
    this.#name = name;
    // Options that the caller's shell has for Node would change what is measured.
    const { NODE_OPTIONS: _, ...inherited } = process.env;
    this.#process = fork(fileURLToPath(file), args, {
      env: { ...inherited, ...env },
      execArgv: probe ? [...nodeFlags, '--import', PROBE] : [...nodeFlags],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#exited = once(this.#process, 'exit');
    this.#exited.catch(() => {});
    this.#process.on('message', (/** @type {import('./messenger.mjs').Reply} */ reply) =>
      this.#settle(reply),
    );
    this.#process.on('exit', (code, signal) => this.#fail(`ended with ${signal ?? `code ${code}`}`));
    this.#process.on('error', (error) => this.#fail(error.message));
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT);
      });
    }
  }

  get pid() {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error(`${this.#name} could not be started`);
    return pid;
  }

  get running() {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** What it printed last, to explain a failure. */
  get output() {
    return this.#output.trim();
  }

  /**
   * @param {string} command
   * @param {unknown} [argument]
   * @param {number} [timeoutMs]
   * @returns {Promise<any>}
   */
  ask(command, argument, timeoutMs = ANSWER_TIMEOUT_MS) {
    if (!this.running) return Promise.reject(new Error(this.#explain('is not running')));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#open.delete(id);
        reject(new Error(`${this.#name} did not answer "${command}" in ${timeoutMs / 1000} s`));
      }, timeoutMs);
      this.#open.set(id, {
        resolve: (result) => {
          clearTimeout(timer);
          resolve(result);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.#process.send({ id, command, argument });
    });
  }

  /** Ends it politely, and by force when that takes too long. */
  async stop() {
    if (!this.running) return;
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** @param {import('./messenger.mjs').Reply} reply */
  #settle(reply) {
    const waiting = this.#open.get(reply.id);
    this.#open.delete(reply.id);
    if (reply.error === undefined) waiting?.resolve(reply.result);
    else waiting?.reject(new Error(`${this.#name}: ${reply.error}`));
  }

  /** @param {string} what */
  #fail(what) {
    for (const { reject } of this.#open.values()) reject(new Error(this.#explain(what)));
    this.#open.clear();
  }

  /** @param {string} what */
  #explain(what) {
    return this.output === '' ? `${this.#name} ${what}` : `${this.#name} ${what}:\n${this.output}`;
  }
}
