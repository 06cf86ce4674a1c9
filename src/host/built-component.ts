import type { CheckedComponent } from './check-components.ts';
import type { Kind } from './check-plugin.ts';
import type { ComponentHost, Storages } from './component-host.ts';

/**
 * A component at work. Configurations, and connections that came through it, hold it; it is disposed of when the last of
 * them lets go.
 */
export class BuiltComponent<T = unknown> {
  readonly kind: Kind;
  readonly name: string;
  /** Equal for components that were configured alike. */
  readonly key: string;
  /** Of an action: whether it serves WebSocket upgrades. */
  readonly upgrades: boolean;
  /** A middleware, an action or a storage, as `kind` says. */
  readonly value: T;
  readonly #definition: CheckedComponent['component'];
  readonly #host: ComponentHost;
  /** Whoever had it built holds it. */
  #holders = 1;
  #isDisposed = false;
  #noteDisposed: () => void = () => {};
  /** Resolves when it is disposed of. */
  readonly disposed: Promise<void>;

  constructor({ kind, name, component, key }: CheckedComponent, value: T, host: ComponentHost) {
    this.kind = kind;
    this.name = name;
    this.key = key;
    this.upgrades = component.upgrades === true;
    this.value = value;
    this.#definition = component;
    this.#host = host;
    this.disposed = new Promise((resolve) => {
      this.#noteDisposed = resolve;
    });
  }

  get isHeld(): boolean {
    return this.#holders > 0;
  }

  /** `actions.Forward` */
  get id(): string {
    return `${this.kind}.${this.name}`;
  }

  /** The files that it is made of, besides its configuration. */
  get files(): readonly string[] {
    return this.#host.files;
  }

  /** @throws Error when it is disposed of: nothing brings it back. */
  retain(): void {
    if (this.#isDisposed) throw new Error(`${this.id} is not at work any more`);
    this.#holders++;
  }

  /** Resolves at once, or, if nobody else held it, when it is disposed of. Never rejects. */
  async release(): Promise<void> {
    if (--this.#holders === 0) await this.dispose();
  }

  /** Whoever holds it. Never rejects; the second time it only waits for the first. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    await this.#host.dispose();
    this.#noteDisposed();
  }

  /** Whether what was configured is the same as what it was built of. */
  isLike({ kind, name, component, key }: CheckedComponent): boolean {
    const same = this.#definition === component && this.key === key;
    return same && this.kind === kind && this.name === name && this.isHeld;
  }

  /** Whether its files and the storages that it took are the same as well. */
  isCurrent(storages: Storages | null): Promise<boolean> {
    return this.#host.isCurrent(storages);
  }

  /** From now on it is given the storages of a later configuration. */
  rebind(storages: Storages): void {
    this.#host.rebind(storages);
  }
}
