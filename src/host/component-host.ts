import { resolve } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { ConfigError } from '../base/config-error.ts';
import type { Logger } from '../base/logger.ts';
import { nearest } from '../base/nearest.ts';
import type { Storage } from '../base/storage.ts';
import type { Host } from './contract.ts';
import { withDeadline } from './deadline.ts';
import { describeError } from './describe-error.ts';

/** What the gateway lends to every component. */
export interface HostServices {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly forward: Host['forward'];
  /** `Host.memory` of the component with this name. */
  readonly memory: (component: string) => Storage;
}

export interface ComponentScope {
  /** `actions.ForwardWebSocket`: how the configuration calls it. */
  readonly component: string;
  readonly plugin: string;
  /** Folder of the file in which it stands. */
  readonly folder: string;
  /** What `host.storage` gives out; `null` for a storage, which must not depend on another. */
  readonly storages: ReadonlyMap<string, Storage> | null;
}

/** One component's host, and the end of the component's life. */
export interface ComponentHost {
  /** Its methods need no `this`, since authors take a host apart. */
  readonly host: Host;
  /** Runs what was registered, last first. Never rejects; the second time it only waits for the first. */
  dispose(): Promise<void>;
}

export function createHost(services: HostServices, scope: ComponentScope): ComponentHost {
  const { clock, forward } = services;
  const logger = services.logger.child({ component: scope.component, plugin: scope.plugin });
  const disposers: (() => void | Promise<void>)[] = [];
  let disposed: Promise<void> | null = null;

  const run = async (f: () => void | Promise<void>): Promise<void> => {
    try {
      await withDeadline(clock, f);
    } catch (error) {
      logger.error({ err: error }, `the component could not be disposed of: ${describeError(error)}`);
    }
  };
  const runAll = async (): Promise<void> => {
    for (const f of disposers.reverse()) await run(f);
  };
  const host: Host = {
    logger,
    clock,
    forward,
    storage: (name) => findStorage(name, scope.storages),
    memory: services.memory(scope.component),
    resolvePath: (path) => resolve(scope.folder, path),
    onDispose(f) {
      // A component whose create went on past its deadline registers too late: what it opened is closed at once.
      if (disposed === null) disposers.push(f);
      else disposed = disposed.then(() => run(f));
    },
  };
  return {
    host,
    dispose() {
      disposed ??= runAll();
      return disposed;
    },
  };
}

function findStorage(name: string, storages: ComponentScope['storages']): Storage {
  if (storages === null) throw ConfigError.at([], 'a storage cannot use another storage');
  const storage = storages.get(name);
  if (storage !== undefined) return storage;
  const near = nearest(name, storages.keys());
  const hint =
    near === undefined ? `Defined: ${[...storages.keys()].join(', ') || 'none'}` : `Did you mean ${near}?`;
  throw ConfigError.at([], `no storage is named ${name}. ${hint}`);
}
