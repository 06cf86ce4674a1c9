import findMyWay from 'find-my-way';
import { WsfwError } from '../base/errors.ts';
import {
  canonicalPath,
  cutParams,
  type PathRules,
  parsePattern,
  pathFault,
  type RoutePattern,
} from './route-pattern.ts';
import type { RouteMiss, RouteQuery } from './site.ts';

export type { PathRules } from './route-pattern.ts';

/** As much of a route as decides which requests it takes. */
export interface Routable {
  readonly name: string;
  /** `/a/b`, `/rooms/:id`, `/ws/*`. */
  readonly path: string;
  /** Upper case; `['*']` for all. */
  readonly methods: readonly string[];
  /** Lower case; `*.example.com` for what is below; `null` for any. */
  readonly host: string | null;
}

/** A route that takes a request. */
export interface Found<R> {
  readonly route: R;
  /** Cut from the raw path, not decoded; a wildcard's under `*`. */
  readonly params: Readonly<Record<string, string>>;
}

export interface Router<R extends Routable> {
  find(query: RouteQuery): Found<R> | RouteMiss;
}

/** Two routes that take the same requests. */
export interface RouteConflict<R> {
  readonly first: R;
  readonly second: R;
  readonly message: string;
}

const ANY_METHOD = '*';

/** Every pair of routes of which neither is the more specific one. */
export function findConflicts<R extends Routable>(
  routes: readonly R[],
  rules: PathRules,
): RouteConflict<R>[] {
  const taken = new Map<string, R>();
  const conflicts: RouteConflict<R>[] = [];
  for (const second of routes) {
    const place = samePlace(second, rules);
    for (const method of second.methods) {
      const key = `${method} ${place}`;
      const first = taken.get(key);
      if (first === undefined) taken.set(key, second);
      else if (conflicts.at(-1)?.second !== second)
        conflicts.push({ first, second, message: clash(first, second) });
    }
  }
  return conflicts;
}

function samePlace({ host, path }: Routable, rules: PathRules): string {
  const canonical = parsePattern(path, rules).canonical;
  return `${host ?? ''} ${rules.strictRouting ? canonical : trimmed(canonical)}`;
}

const trimmed = (path: string): string => (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path);

const clash = (first: Routable, second: Routable): string =>
  `${labelOf(first)} and ${labelOf(second)} take the same requests`;

const labelOf = ({ name, path }: Routable): string => (name === path ? path : `${name} (${path})`);

/**
 * Finds the most specific route whatever their order: an exact host before `*.example.com`, the longer suffix first,
 * any host last; then static segments before parameters before a wildcard; then a named method before all.
 * @throws `WSFW_CONFIG_INVALID` for an invalid path, and for two routes that take the same requests, naming both.
 */
export function createRouter<R extends Routable>(routes: readonly R[], rules: PathRules): Router<R> {
  for (const { name, path } of routes) {
    const fault = pathFault(path);
    if (fault !== null) throw new WsfwError('WSFW_CONFIG_INVALID', `route ${name} (${path}): ${fault}`);
  }
  const [conflict] = findConflicts(routes, rules);
  if (conflict !== undefined) throw new WsfwError('WSFW_CONFIG_INVALID', conflict.message);
  const hosts = [...new Set(routes.map((route) => route.host))].sort(bySpecificity);
  const tables = hosts.map((host) => ({ host, table: buildTable(routes, host, rules) }));

  return {
    find({ method, path, host }) {
      const canonical = path.startsWith('/') ? canonicalPath(path, rules) : null;
      const allow = new Set<string>();
      if (canonical === null) return { allow: [] };
      for (const { host: wanted, table } of tables) {
        if (!hostMatches(wanted, host)) continue;
        const found = table.find(method, canonical);
        if (found !== null) return { route: found.route, params: cutParams(found.pattern, path) };
        for (const allowed of table.methodsAt(canonical)) allow.add(allowed);
      }
      return { allow: [...allow].sort() };
    },
  };
}

function bySpecificity(a: string | null, b: string | null): number {
  const rank = (host: string | null) =>
    host === null ? -1 : host.startsWith('*.') ? host.length : 1000 + host.length;
  return rank(b) - rank(a);
}

function hostMatches(wanted: string | null, host: string): boolean {
  if (wanted === null || wanted === host) return true;
  return wanted.startsWith('*.') && host.endsWith(wanted.slice(1)) && host.length >= wanted.length;
}

interface Entry<R> {
  readonly route: R;
  readonly pattern: RoutePattern;
}

interface Table<R> {
  find(method: string, path: string): Entry<R> | null;
  methodsAt(path: string): string[];
}

// One tree a method, so that a method name is whatever the configuration says, and a more specific path without the
// method does not hide a less specific one with it.
function buildTable<R extends Routable>(
  routes: readonly R[],
  host: string | null,
  rules: PathRules,
): Table<R> {
  const own = routes.filter((route) => route.host === host);
  const methods = new Set(own.flatMap((route) => route.methods));
  const trees = new Map(
    [...methods, ANY_METHOD].map((method) => [method, buildTree(own, method, rules)] as const),
  );
  return {
    find: (method, path) => (trees.get(method) ?? trees.get(ANY_METHOD))?.(path) ?? null,
    methodsAt: (path) => [...methods].filter((method) => trees.get(method)?.(path) != null),
  };
}

type Tree<R> = (path: string) => Entry<R> | null;

function buildTree<R extends Routable>(routes: readonly R[], method: string, rules: PathRules): Tree<R> {
  const tree = findMyWay({ caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 64 * 1024 });
  const entries: Entry<R>[] = [];
  const add = (path: string, entry: Entry<R>) => {
    if (tree.hasRoute('GET', path)) return;
    tree.on('GET', path, noop, { index: entries.push(entry) - 1 });
  };
  // Named methods first: where both stand at one path, `all` gives way.
  const named = routes.filter((route) => route.methods.includes(method));
  const all = routes.filter((route) => route.methods.includes(ANY_METHOD));
  for (const route of [...named, ...all]) {
    const pattern = parsePattern(route.path, rules);
    const { canonical } = pattern;
    add(canonical, { route, pattern });
    if (rules.strictRouting || pattern.wildcard !== null) continue;
    const bare = trimmed(canonical);
    add(bare, { route, pattern });
    if (bare !== '/') add(`${bare}/`, { route, pattern });
  }
  return (path) => {
    const store = tree.find('GET', path)?.store as { index: number } | null | undefined;
    return store == null ? null : (entries[store.index] ?? null);
  };
}

const noop = (): void => {};
