import { ConfigError, isConfigError } from '../base/config-error.ts';
import type { Problem } from '../base/problem.ts';
import type { Storage } from '../base/storage.ts';
import type { Reading } from '../config/build.ts';
import type { ReloadChanges } from '../gateway/changes.ts';
import type { GatewayAddress } from '../gateway/gateway.ts';
import type { GatewayStats } from '../gateway/registry.ts';

/** What the first process tells a worker. */
export type ToWorker =
  | {
      readonly type: 'start';
      /** Its number, from 1 on: that of the worker whose place it takes. */
      readonly worker: number;
      readonly logLevel: string;
      /** A listening socket of the first process, in place of `server.address`: its descriptor there. */
      readonly listenFd?: number;
      readonly reading: Reading;
    }
  | { readonly type: 'stop' }
  | { readonly type: 'stats'; readonly id: number }
  /** Build another configuration, and wait. */
  | { readonly type: 'prepare'; readonly id: number; readonly reading: Reading }
  /** Go on with what was built, or forget it. */
  | { readonly type: 'switch'; readonly id: number; readonly agreed: boolean }
  | { readonly type: 'remembered'; readonly id: number; readonly results: readonly unknown[] };

/** What a worker tells the first process. */
export type ToPrimary =
  /** It is there, and waits for `start`. */
  | { readonly type: 'loaded' }
  | Ready
  /** It cannot start, and ends. */
  | { readonly type: 'failed'; readonly failure: Failure }
  | WorkerAnswer
  /** It has drained, and ends. */
  | { readonly type: 'stopped'; readonly stats: GatewayStats }
  | { readonly type: 'remember'; readonly id: number; readonly calls: readonly MemoryCall[] };

/** What a worker says to a question of the first process. */
export type WorkerAnswer =
  | { readonly type: 'stats'; readonly id: number; readonly stats: GatewayStats }
  | { readonly type: 'prepared'; readonly id: number }
  | Switched
  | { readonly type: 'not-reloaded'; readonly id: number; readonly failure: Failure };

/** It goes on with another configuration. */
export interface Switched {
  readonly type: 'switched';
  readonly id: number;
  readonly changes: ReloadChanges;
  /** As in `Ready`. */
  readonly files: readonly string[];
}

/** It listens. */
export interface Ready {
  readonly type: 'ready';
  readonly address: GatewayAddress;
  /** Paths of the files that its configuration is made of besides its own. */
  readonly files: readonly string[];
  /** What is legal but surely unwanted in the configuration. */
  readonly warnings: readonly Problem[];
}

/** A call of a component's memory, which the first process keeps for all workers. */
export type MemoryCall = {
  readonly [M in keyof Storage]: {
    readonly component: string;
    readonly method: M;
    readonly args: Readonly<Parameters<Storage[M]>>;
  };
}[keyof Storage];

/** An error on its way to another process. */
export interface Failure {
  readonly message: string;
  /** Of a configuration that has some. */
  readonly problems: readonly Problem[] | null;
}

export function failureOf(error: unknown): Failure {
  const message = error instanceof Error ? error.message : String(error);
  return { message, problems: isConfigError(error) ? error.problems : null };
}

export function errorOf({ message, problems }: Failure): Error {
  return problems === null ? new Error(message) : new ConfigError(problems);
}
