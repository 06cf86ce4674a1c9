import type { LogFields } from '../base/logger.ts';
import type { Problem } from '../base/problem.ts';
import type { ServerConfig } from '../config/config.ts';
import type { ServedRoute } from './served-route.ts';
import type { Snapshot } from './snapshot.ts';

/** What a reload changed. */
export interface ReloadChanges {
  /** Names of routes. */
  readonly routesAdded: readonly string[];
  readonly routesRemoved: readonly string[];
  /** Those that stay under their name, but not as they were: their own keys, or their action. */
  readonly routesChanged: readonly string[];
  /** Components that were built anew or for the first time: `actions.Forward`. */
  readonly componentsBuilt: readonly string[];
  /** Components that are not used any more; they end with the last connection that came through them. */
  readonly componentsRemoved: readonly string[];
  /** What of `server:` is different: `readTimeoutMs`. */
  readonly server: readonly string[];
  /** Whether another certificate is shown. */
  readonly certificate: boolean;
  /** What of the new configuration is legal but surely unwanted. */
  readonly warnings: readonly Problem[];
}

export function changesBetween(before: Snapshot, after: Snapshot): ReloadChanges {
  const [oldRoutes, newRoutes] = [routesByName(before), routesByName(after)];
  const [oldIds, newIds] = [idsOf(before), idsOf(after)];
  const old = new Set(before.built.components);
  return {
    routesAdded: without(newRoutes.keys(), oldRoutes),
    routesRemoved: without(oldRoutes.keys(), newRoutes),
    routesChanged: [...newRoutes].flatMap(([name, routes]) => {
      const earlier = oldRoutes.get(name);
      return earlier === undefined || isSame(earlier, routes) ? [] : [name];
    }),
    componentsBuilt: after.built.components.filter((one) => !old.has(one)).map(({ id }) => id),
    componentsRemoved: without(oldIds, newIds),
    server: settingsThatDiffer(before.config.server, after.config.server),
    certificate:
      before.certificates?.cert !== after.certificates?.cert ||
      before.certificates?.key !== after.certificates?.key,
    warnings: after.warnings,
  };
}

/** Several routes may bear one name: that of their path. */
function routesByName({ routes }: Snapshot): Map<string, ServedRoute[]> {
  const byName = new Map<string, ServedRoute[]>();
  for (const route of routes.values()) byName.set(route.name, [...(byName.get(route.name) ?? []), route]);
  return byName;
}

const idsOf = ({ built }: Snapshot): Set<string> => new Set(built.components.map(({ id }) => id));

function isSame(earlier: readonly ServedRoute[], later: readonly ServedRoute[]): boolean {
  const refs = new Set(earlier.map(({ ref }) => ref));
  return earlier.length === later.length && later.every(({ ref }) => refs.has(ref));
}

const without = (names: Iterable<string>, others: { has(name: string): boolean }): string[] =>
  [...names].filter((name) => !others.has(name));

function settingsThatDiffer(before: ServerConfig, after: ServerConfig): string[] {
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.entries(after).flatMap(([key, value]) =>
    JSON.stringify(old.get(key)) === JSON.stringify(value) ? [] : [key],
  );
}

const MAX_LOGGED = 20;

/** What changed, as a line of the log says it. */
export function logFields({ certificate, warnings: _, ...lists }: ReloadChanges): LogFields {
  const shown = Object.entries(lists).filter(([, names]) => names.length > 0);
  const fields: Record<string, unknown> = {};
  for (const [key, names] of shown) fields[key] = shorten(names);
  return certificate ? { ...fields, certificate: 'replaced' } : fields;
}

function shorten(names: readonly string[]): readonly string[] {
  if (names.length <= MAX_LOGGED) return names;
  return [...names.slice(0, MAX_LOGGED), `and ${names.length - MAX_LOGGED} more`];
}
