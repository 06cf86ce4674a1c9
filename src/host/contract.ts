import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Cancel, Clock } from '../base/clock.ts';
import type { Connection } from '../base/connection.ts';
import type { Logger } from '../base/logger.ts';
import type { Storage } from '../base/storage.ts';
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
  /** A storage of the configuration. Throws when none has that name. */
  storage(name: string): Storage;
  /** Resolves a path of the configuration against the folder of the file in which this component stands. */
  resolvePath(path: string): string;
  /** Runs when the last configuration and the last connection that use the component have ended. */
  onDispose(f: () => void | Promise<void>): void;
}

/** What a component's `create` is given: its validated configuration, and the host. */
export interface Creation<S extends StandardSchemaV1> {
  readonly config: StandardSchemaV1.InferOutput<S>;
  readonly host: Host;
}

/** A named part of a plugin. */
export interface Component<S extends StandardSchemaV1, T> {
  /** Any Standard Schema (Zod, Valibot, ArkType, …); `noConfig` for a component without options. */
  readonly config: S;
  /** Throw a `ConfigError` to name the option that cannot work. */
  create(creation: Creation<S>): T | Promise<T>;
}

/** An action says whether it serves WebSocket upgrades. On the routes of others an `Upgrade` is ignored. */
export interface ActionComponent<S extends StandardSchemaV1> extends Component<S, Action> {
  readonly upgrades?: boolean;
}

/** A plugin's components by kind; each map goes from a component's name to its schema. */
export interface PluginSchemas {
  middlewares: Record<string, StandardSchemaV1>;
  actions: Record<string, StandardSchemaV1>;
  storages: Record<string, StandardSchemaV1>;
}

type Schemas = Record<string, StandardSchemaV1>;

/** What `definePlugin` takes. Ids come out as `plugins.<name>.<kind>.<Component>`. */
export interface PluginDefinition<M extends Schemas, A extends Schemas, S extends Schemas> {
  /** `[A-Za-z][A-Za-z0-9_-]*`, unique among the loaded plugins. */
  readonly name: string;
  readonly middlewares?: { readonly [K in keyof M]: Component<M[K], Middleware> };
  readonly actions?: { readonly [K in keyof A]: ActionComponent<A[K]> };
  readonly storages?: { readonly [K in keyof S]: Component<S[K], Storage> };
}

/** A plugin whose schemas nobody looks at any more. */
export type Plugin = PluginDefinition<Schemas, Schemas, Schemas>;

/**
 * Types a plugin's definition. An identity function: the loader checks structure, never class identity, since a
 * plugin may carry another copy of this package.
 */
export function definePlugin<const M extends Schemas = {}, const A extends Schemas = {}, const S extends Schemas = {}>(
  definition: PluginDefinition<M, A, S>,
): Plugin {
  return definition as unknown as Plugin;
}

export type { Cancel };
