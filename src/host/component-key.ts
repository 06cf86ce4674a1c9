import { createHash } from 'node:crypto';
import type { ComponentEntry, PluginEntry } from '../config/config.ts';

/**
 * The same for two components exactly when they were configured alike, so that one may stand in for the other.
 * A digest, since a configuration holds secrets.
 */
export function componentKey(entry: ComponentEntry, plugin: PluginEntry): string {
  const identity = [
    entry.use,
    entry.folder,
    entry.config ?? {},
    plugin.path,
    plugin.folder,
    plugin.config ?? {},
  ];
  return createHash('sha256').update(canonical(identity)).digest('base64url');
}

/** JSON that does not depend on the order of an object's keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
