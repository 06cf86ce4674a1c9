import type { RouteRef } from '../base/route.ts';
import type { Config, RouteEntry } from '../config/config.ts';
import type { Built } from '../host/build-components.ts';
import type { BuiltComponent } from '../host/built-component.ts';
import { compose } from '../http/compose.ts';
import type { Action, Exchange, Middleware } from '../http/exchange.ts';
import type { PluginFaults } from './plugin-faults.ts';

/** What a route is made of. */
interface Parts {
  readonly middlewares: readonly BuiltComponent<Middleware>[];
  readonly action: BuiltComponent<Action>;
}

/** A route, ready to serve. Its requests, and what becomes of them, hold its components. */
export class ServedRoute {
  readonly name: string;
  readonly path: string;
  readonly methods: readonly string[];
  readonly host: string | null;
  /** Carried over to later configurations for as long as route and action stay as they are. */
  readonly ref: RouteRef;
  readonly upgrades: boolean;
  readonly #parts: Parts;
  readonly #serve: Action;
  #underway = 0;

  constructor(entry: RouteEntry, parts: Parts, ref: RouteRef | null, faults: PluginFaults) {
    const { name, path, methods, host, action } = entry;
    this.name = name;
    this.path = path;
    this.methods = methods;
    this.host = host;
    this.ref = ref ?? { name, pattern: path, action };
    this.upgrades = parts.action.upgrades;
    this.#parts = parts;
    const middlewares = parts.middlewares.map(({ value }) => value);
    this.#serve = faults.watchRoute(compose(middlewares, parts.action.value));
  }

  get action(): BuiltComponent<Action> {
    return this.#parts.action;
  }

  isMadeOf({ middlewares, action }: Parts): boolean {
    const own = this.#parts;
    const same = own.action === action && own.middlewares.length === middlewares.length;
    return same && own.middlewares.every((middleware, i) => middleware === middlewares[i]);
  }

  /** Middlewares, then the action. */
  readonly handle = (exchange: Exchange): Promise<void> => {
    if (this.#underway === 0) for (const part of this.#all()) part.retain();
    this.#underway++;
    exchange.onEnd(this.#letGo);
    return this.#serve(exchange);
  };

  // One function for all connections, since each keeps it for as long as it lives.
  readonly #letGo = (): void => {
    if (--this.#underway > 0) return;
    for (const part of this.#all()) void part.release();
  };

  #all(): BuiltComponent[] {
    return [...this.#parts.middlewares, this.#parts.action];
  }
}

/** Routes by what the configuration says of them. */
export type ServedRoutes = ReadonlyMap<string, ServedRoute>;

/** The routes of a configuration. Those of an earlier one go on serving where nothing of them has changed. */
export function serveRoutes(
  { routes, globalMiddlewares }: Config,
  built: Built,
  earlier: ServedRoutes,
  faults: PluginFaults,
): ServedRoutes {
  return new Map(
    routes.map((entry) => {
      const id = JSON.stringify(entry);
      const names = [...globalMiddlewares, ...entry.middlewares];
      const parts = {
        middlewares: names.map((name) => known(built.middlewares, name)),
        action: known(built.actions, entry.action),
      };
      const before = earlier.get(id);
      if (before?.isMadeOf(parts)) return [id, before];
      const ref = before?.action === parts.action ? before.ref : null;
      return [id, new ServedRoute(entry, parts, ref, faults)];
    }),
  );
}

/** The checks of the configuration have seen to it that every name is defined. */
function known<T>(components: ReadonlyMap<string, BuiltComponent<T>>, name: string): BuiltComponent<T> {
  const component = components.get(name);
  if (component === undefined) throw new Error(`nothing is named ${name}`);
  return component;
}
