import type { Cancel, Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Storage } from '../base/storage.ts';
import type { MemoryCall } from './messages.ts';

/** How long the first process may take for an answer; then this worker remembers alone, until it answers again. */
const ANSWER_MS = 500;
/** Calls in one message. */
const MAX_CALLS_A_MESSAGE = 1000;
/** Calls that wait for the message before; more are not shared. */
const MAX_WAITING_CALLS = 10_000;

export interface RemoteMemoryParts {
  /** Hands calls to the first process, which answers with their results in the same order. */
  send(id: number, calls: readonly MemoryCall[]): void;
  /** What counts when the first process does not answer. */
  readonly local: (component: string) => Storage;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface Waiting {
  readonly call: MemoryCall;
  readonly resolve: (result: unknown) => void;
}

/**
 * The components' memory in a worker: asks the first process, one message at a time. Calls that come meanwhile travel
 * together in the next, so that a busy worker sends few messages and an idle one waits for nobody.
 */
export class RemoteMemory {
  readonly #parts: RemoteMemoryParts;
  #waiting: Waiting[] = [];
  #asked: readonly Waiting[] = [];
  #lastId = 0;
  #state: 'idle' | 'asking' | 'alone' = 'idle';
  #cancelDeadline: Cancel = () => {};

  constructor(parts: RemoteMemoryParts) {
    this.#parts = parts;
  }

  /** `Host.memory` of the component with this name. */
  readonly of = (component: string): Storage => ({
    get: (key) => this.#call<'get'>({ component, method: 'get', args: [key] }),
    set: (...args) => this.#call<'set'>({ component, method: 'set', args }),
    increment: (...args) => this.#call<'increment'>({ component, method: 'increment', args }),
    delete: (key) => this.#call<'delete'>({ component, method: 'delete', args: [key] }),
  });

  /** The first process has answered. */
  answered(id: number, results: readonly unknown[]): void {
    if (id !== this.#lastId) return;
    this.#cancelDeadline();
    if (this.#state === 'alone') this.#parts.logger.info({}, 'the first process answers again');
    const asked = this.#asked;
    this.#asked = [];
    this.#state = 'idle';
    for (const [i, { resolve }] of asked.entries()) resolve(results[i]);
    this.#sendNext();
  }

  #call<M extends keyof Storage>(call: MemoryCall): ReturnType<Storage[M]> {
    const result =
      this.#state === 'alone' || this.#waiting.length >= MAX_WAITING_CALLS
        ? perform(call, this.#parts.local)
        : this.#ask(call);
    return result as ReturnType<Storage[M]>;
  }

  #ask(call: MemoryCall): Promise<unknown> {
    const result = new Promise<unknown>((resolve) => {
      this.#waiting.push({ call, resolve });
    });
    if (this.#state === 'idle') this.#sendNext();
    return result;
  }

  #sendNext(): void {
    if (this.#waiting.length === 0) return;
    this.#asked = this.#waiting.splice(0, MAX_CALLS_A_MESSAGE);
    this.#state = 'asking';
    this.#cancelDeadline = this.#parts.clock.after(ANSWER_MS, () => this.#goOnAlone());
    this.#parts.send(
      ++this.#lastId,
      this.#asked.map(({ call }) => call),
    );
  }

  #goOnAlone(): void {
    this.#state = 'alone';
    this.#parts.logger.warn(
      {},
      'the first process does not answer: limits hold for this worker alone until it does',
    );
    const unanswered = [...this.#asked, ...this.#waiting];
    this.#asked = [];
    this.#waiting = [];
    for (const { call, resolve } of unanswered) resolve(perform(call, this.#parts.local));
  }
}

/** Does with a memory what a call says. */
export function perform(
  { component, method, args }: MemoryCall,
  memory: (component: string) => Storage,
): Promise<unknown> {
  const storage = memory(component);
  return Reflect.apply(storage[method], storage, args) as Promise<unknown>;
}
