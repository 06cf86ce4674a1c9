import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Cancel, Clock } from '../base/clock.ts';
import type { Connection } from '../base/connection.ts';
import type { Logger } from '../base/logger.ts';
import type { KeyPath } from '../base/problem.ts';
import type { Storage } from '../base/storage.ts';
import type { Forwarder } from '../forward/contract.ts';
import type { ForwardOptions } from '../forward/options.ts';
import type { Action, Exchange, Middleware } from '../http/exchange.ts';

/** What the gateway gives a component at run time. */
export interface Host {
  /** Carries the component's name. */
  readonly logger: Logger;
  readonly clock: Clock;
  /**
   * Forwards an upgrade to an upstream and relays it. The client is always answered: with the upstream's 101
   * (then the connection is returned), with the upstream's refusal, or with a problem (then `null`).
   */
  forward(exchange: Exchange, options: ForwardOptions): Promise<Connection | null>;
  /**
   * Prepares options once, for all exchanges that the component will forward with them: their endpoints are watched
   * from now on, and until the component is disposed of. Call it in `create`.
   * @throws {ConfigError} when the options cannot work; its paths are those of the options.
   */
  forwarder(options: ForwardOptions): Forwarder;
  /** A storage of the configuration. Throws a `ConfigError` when none has that name. Not for storages themselves. */
  storage(name: string): Storage;
  /**
   * What this component remembers: its own keys, in memory, the same in all workers of the gateway, also after a reload.
   * At most 65,536 keys; past it the oldest is forgotten. A restart forgets all.
   */
  readonly memory: Storage;
  /** Resolves a path of the configuration against the folder of the file in which this component stands. */
  resolvePath(path: string): string;
  /**
   * Runs when the last configuration and the last connection that use the component have ended; last registered
   * first. What it throws is logged. It has 10 seconds.
   */
  onDispose(f: () => void | Promise<void>): void;
}

/** What a component's `create` is given: its validated configuration, its plugin's, and the host. */
export interface Creation<S extends StandardSchemaV1, P extends StandardSchemaV1 = NoPluginConfig> {
  readonly config: StandardSchemaV1.InferOutput<S>;
  /** `plugins[].config`, validated by the plugin's own `config` schema; `undefined` when it has none. */
  readonly pluginConfig: StandardSchemaV1.InferOutput<P>;
  readonly host: Host;
}

/** Something legal that an operator surely does not want. */
export interface ComponentWarning {
  /** The option, within the component's configuration: `['pongTimeout']`. */
  readonly path: KeyPath;
  /** What follows from it and what to write instead. */
  readonly message: string;
}

/** A named part of a plugin. */
export interface Component<S extends StandardSchemaV1, T, P extends StandardSchemaV1 = NoPluginConfig> {
  /** Any Standard Schema (Zod, Valibot, ArkType, …); `noConfig` for a component without options. */
  readonly config: S;
  /** Throw a `ConfigError` to name the option that cannot work. An asynchronous one has 10 seconds. */
  create(creation: Creation<S, P>): T | Promise<T>;
  /** What is legal but surely unwanted in a valid configuration. Shown at start and by `wsfw check`. */
  warnings?(config: StandardSchemaV1.InferOutput<S>): readonly ComponentWarning[];
}

/** An action says whether it serves WebSocket upgrades. On the routes of others an `Upgrade` is ignored. */
export interface ActionComponent<S extends StandardSchemaV1, P extends StandardSchemaV1 = NoPluginConfig>
  extends Component<S, Action, P> {
  readonly upgrades?: boolean;
}

/** Of a plugin that takes no configuration of its own. */
export type NoPluginConfig = StandardSchemaV1<unknown, undefined>;

type Schemas = Record<string, StandardSchemaV1>;

/** What `definePlugin` takes. Ids come out as `plugins.<name>.<kind>.<Component>`. */
export interface PluginDefinition<
  M extends Schemas,
  A extends Schemas,
  S extends Schemas,
  P extends StandardSchemaV1 = NoPluginConfig,
> {
  /** `[A-Za-z][A-Za-z0-9_-]*`, unique among the loaded plugins. */
  readonly name: string;
  /** Schema of `plugins[].config`, which every component then gets as `pluginConfig`. Without it, none is allowed. */
  readonly config?: P;
  readonly middlewares?: { readonly [K in keyof M]: Component<M[K], Middleware, P> };
  readonly actions?: { readonly [K in keyof A]: ActionComponent<A[K], P> };
  readonly storages?: { readonly [K in keyof S]: Component<S[K], Storage, P> };
}

/** A plugin whose schemas nobody looks at any more. */
export type Plugin = PluginDefinition<Schemas, Schemas, Schemas, StandardSchemaV1>;

/**
 * Types a plugin's definition. An identity function: the loader checks structure, never class identity, since a
 * plugin may carry another copy of this package.
 */
export function definePlugin<
  const M extends Schemas = {},
  const A extends Schemas = {},
  const S extends Schemas = {},
  const P extends StandardSchemaV1 = NoPluginConfig,
>(definition: PluginDefinition<M, A, S, P>): Plugin {
  return definition as unknown as Plugin;
}

export type { Cancel };
