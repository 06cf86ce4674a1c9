import { resolve } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { ConfigError } from '../base/config-error.ts';
import type { Logger } from '../base/logger.ts';
import { nearest } from '../base/nearest.ts';
import type { Storage } from '../base/storage.ts';
import type { Forwarder, OwnedForwarder } from '../forward/contract.ts';
import type { ForwardOptions } from '../forward/options.ts';
import type { Host } from './contract.ts';
import { withDeadline } from './deadline.ts';
import { describeError } from './describe-error.ts';
import { FoundFiles } from './found-files.ts';

/** What the gateway lends to every component. */
export interface HostServices {
  readonly logger: Logger;
  readonly clock: Clock;
  readonly forward: Host['forward'];
  /** `Host.forwarder` of the component with this name, for as long as the component lives. */
  readonly forwarder: (options: ForwardOptions, logger: Logger, component: string) => OwnedForwarder;
  /** `Host.memory` of the component with this name. */
  readonly memory: (component: string) => Storage;
  /** Told of each file that a component asks for while it is created, whatever becomes of it. */
  readonly noteFile?: (file: string) => void;
}

/** A storage at work, which lives for as long as anybody holds it. */
export interface HeldStorage {
  readonly value: Storage;
  /** @throws Error when it is disposed of. */
  retain(): void;
  release(): Promise<void>;
}

/** Storages by their names in a configuration. */
export type Storages = ReadonlyMap<string, HeldStorage>;

export interface ComponentScope {
  /** `actions.ForwardWebSocket`: how the configuration calls it. */
  readonly component: string;
  readonly plugin: string;
  /** Folder of the file in which it stands. */
  readonly folder: string;
  /** What `host.storage` gives out; `null` for a storage, which must not depend on another. */
  readonly storages: Storages | null;
}

/** One component's host, what the component got through it, and the end of the component's life. */
export class ComponentHost {
  /** Its methods need no `this`, since authors take a host apart. */
  readonly host: Host;
  readonly #services: HostServices;
  readonly #logger: Logger;
  readonly #disposers: (() => void | Promise<void>)[] = [];
  readonly #taken = new Map<string, HeldStorage>();
  readonly #files = new FoundFiles();
  #storages: Storages | null;
  #isBuilt = false;
  #disposed: Promise<void> | null = null;

  constructor(services: HostServices, { component, plugin, folder, storages }: ComponentScope) {
    this.#services = services;
    this.#storages = storages;
    this.#logger = services.logger.child({ component, plugin });
    this.host = {
      logger: this.#logger,
      clock: services.clock,
      forward: services.forward,
      forwarder: (options) => this.#forwarder(options, component),
      storage: (name) => this.#take(name),
      memory: services.memory(component),
      resolvePath: (path) => this.#resolve(folder, path),
      onDispose: (f) => this.#onDispose(f),
    };
  }

  /** The files that `create` asked for. */
  get files(): readonly string[] {
    return this.#files.paths;
  }

  /** Notes that `create` is done: what it asked for is what the component is made of. */
  async built(): Promise<void> {
    this.#isBuilt = true;
    await this.#files.settle();
  }

  /** Whether the component would be made of the same with other storages: the same storages, and files as they were. */
  isCurrent(storages: Storages | null): Promise<boolean> {
    for (const [name, storage] of this.#taken)
      if (storages?.get(name) !== storage) return Promise.resolve(false);
    return this.#files.areUnchanged();
  }

  /** From now on gives out the storages of a later configuration. */
  rebind(storages: Storages): void {
    if (this.#storages !== null) this.#storages = storages;
  }

  /** Runs what was registered, last first. Never rejects; the second time it only waits for the first. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  #resolve(folder: string, path: string): string {
    const file = resolve(folder, path);
    // Later it may be one file a request.
    if (this.#isBuilt) return file;
    this.#files.note(file);
    this.#services.noteFile?.(file);
    return file;
  }

  #forwarder(options: ForwardOptions, component: string): Forwarder {
    const forwarder = this.#services.forwarder(options, this.#logger, component);
    this.#onDispose(() => forwarder.stop());
    return forwarder;
  }

  #take(name: string): Storage {
    const storage = findStorage(name, this.#storages);
    if (this.#disposed === null && this.#taken.get(name) !== storage) {
      storage.retain();
      void this.#taken.get(name)?.release();
      this.#taken.set(name, storage);
    }
    return storage.value;
  }

  #onDispose(f: () => void | Promise<void>): void {
    // A component whose create went on past its deadline registers too late: what it opened is closed at once.
    if (this.#disposed === null) this.#disposers.push(f);
    else this.#disposed = this.#disposed.then(() => this.#run(f));
  }

  async #dispose(): Promise<void> {
    for (const f of this.#disposers.reverse()) await this.#run(f);
    await Promise.all([...this.#taken.values()].map((storage) => storage.release()));
  }

  async #run(f: () => void | Promise<void>): Promise<void> {
    try {
      await withDeadline(this.#services.clock, f);
    } catch (error) {
      this.#logger.error({ err: error }, `the component could not be disposed of: ${describeError(error)}`);
    }
  }
}

function findStorage(name: string, storages: Storages | null): HeldStorage {
  if (storages === null) throw ConfigError.at([], 'a storage cannot use another storage');
  const storage = storages.get(name);
  if (storage !== undefined) return storage;
  const near = nearest(name, storages.keys());
  const hint =
    near === undefined ? `Defined: ${[...storages.keys()].join(', ') || 'none'}` : `Did you mean ${near}?`;
  throw ConfigError.at([], `no storage is named ${name}. ${hint}`);
}
