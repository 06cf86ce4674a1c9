import type { KeyPath, Place, Problem } from '../base/problem.ts';

/** `{path, config}` of `plugins:`. */
export interface PluginEntry {
  readonly path: string;
  readonly config: unknown;
  /** Folder of the file that names it, for relative paths. */
  readonly folder: string;
}

/** `{use, config}` of `middlewares:`, `actions:` and `storages:`. */
export interface ComponentEntry {
  /** `plugins.<name>.<kind>.<Component>` */
  readonly use: string;
  /** Not validated yet: the component's own schema does that. */
  readonly config: unknown;
  /** Folder of the file in which it stands, for relative paths. */
  readonly folder: string;
}

export interface RouteEntry {
  readonly name: string;
  readonly path: string;
  /** Upper case; `['*']` for `all`. */
  readonly methods: readonly string[];
  /** Lower case; `*.example.com` matches below; `null` matches any. */
  readonly host: string | null;
  readonly middlewares: readonly string[];
  readonly action: string;
}

/** How connections are sent away at a stop, and after a reload. */
export interface DrainConfig {
  /** How long a stop goes on taking connections while it says that it is not ready. */
  readonly delayMs: number;
  /** Over how long the closes are spread; `null` for what suits their number. */
  readonly periodMs: number | null;
  /** From the first close until what is still open is terminated. */
  readonly timeoutMs: number;
  /** What clients are told. */
  readonly closeCode: number;
}

export interface ServerConfig {
  readonly address: { readonly host: string; readonly port: number };
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  /** Processes on one port; `'auto'` is one for each core. */
  readonly workers: number | 'auto';
  readonly readTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Addresses and CIDR ranges. */
  readonly trustedProxies: readonly string[];
  /** Whether connections of trusted proxies begin with a PROXY header. */
  readonly proxyProtocol: boolean;
  /** `null` when `disableHealthCheck: true`. */
  readonly healthRoutes: { readonly live: string; readonly ready: string } | null;
  readonly strictRouting: boolean;
  readonly caseSensitive: boolean;
  readonly disableStartupMessage: boolean;
  readonly enablePrintRoutes: boolean;
  readonly appName: string;
  /** `Server` header of answers; `''` for none. */
  readonly serverHeader: string;
  readonly maxPendingHandshakes: number;
  readonly drain: DrainConfig;
  /** Whether a reload drains the connections of routes that it changes. */
  readonly drainChanged: boolean;
}

/** A whole configuration: checked, immutable, plain data that survives `structuredClone`. */
export interface Config {
  readonly server: ServerConfig;
  readonly plugins: readonly PluginEntry[];
  readonly storages: Readonly<Record<string, ComponentEntry>>;
  readonly middlewares: Readonly<Record<string, ComponentEntry>>;
  readonly globalMiddlewares: readonly string[];
  readonly actions: Readonly<Record<string, ComponentEntry>>;
  readonly routes: readonly RouteEntry[];
  /**
   * Where each value stands (for a map or a list: its key), by `JSON.stringify(KeyPath)`. Empty for a configuration
   * given as an object.
   */
  readonly places: Readonly<Record<string, Place>>;
  /** Where the key of each value stands, by `JSON.stringify(KeyPath)`. */
  readonly keyPlaces?: Readonly<Record<string, Place>>;
  /** What the file says, by `JSON.stringify(KeyPath)`, wherever the value of a variable was put in. */
  readonly written?: Readonly<Record<string, string>>;
  /** What is legal but surely unwanted. */
  readonly warnings: readonly Problem[];
}

/** What there is to know about where a configuration's values come from. */
export type Origin = Pick<Config, 'places' | 'keyPlaces' | 'written'>;

/** Where a key stands; the nearest key above it that stands somewhere, if it does not itself. */
export function placeOf(places: Config['places'], path: KeyPath): Place | null {
  for (let length = path.length; length > 0; length--) {
    const place = places[JSON.stringify(path.slice(0, length))];
    if (place !== undefined) return place;
  }
  return null;
}
