/** What an `import` in Node satisfies. */
const CONDITIONS: ReadonlySet<string> = new Set(['node', 'import', 'module-sync', 'node-addons', 'default']);

/**
 * The file that a package's `exports` gives for a subpath (`.`, `./x`), or `null` when it exports none. Node's
 * PACKAGE_EXPORTS_RESOLVE, with the conditions of `import`; `createRequire().resolve` would use those of `require`.
 */
export function resolveExports(exports: unknown, subpath: string): string | null {
  if (!isSubpathMap(exports)) return subpath === '.' ? resolveTarget(exports, '') : null;
  if (Object.hasOwn(exports, subpath)) return resolveTarget(exports[subpath], '');
  for (const key of Object.keys(exports)
    .filter((key) => key.includes('*'))
    .sort(longestPrefixFirst)) {
    const [prefix = '', suffix = ''] = key.split('*');
    const fits = subpath.startsWith(prefix) && subpath.endsWith(suffix) && subpath.length >= key.length;
    if (fits)
      return resolveTarget(exports[key], subpath.slice(prefix.length, subpath.length - suffix.length));
  }
  return null;
}

function isSubpathMap(exports: unknown): exports is Record<string, unknown> {
  if (typeof exports !== 'object' || exports === null || Array.isArray(exports)) return false;
  return Object.keys(exports).some((key) => key.startsWith('.'));
}

function resolveTarget(target: unknown, matched: string): string | null {
  if (typeof target === 'string')
    return target.startsWith('./') ? target.replaceAll('*', () => matched) : null;
  if (typeof target !== 'object' || target === null) return null;
  const choices: readonly unknown[] = Array.isArray(target)
    ? target
    : Object.entries<unknown>(target as Record<string, unknown>).flatMap(([condition, value]) =>
        CONDITIONS.has(condition) ? [value] : [],
      );
  for (const choice of choices) {
    const resolved = resolveTarget(choice, matched);
    if (resolved !== null) return resolved;
  }
  return null;
}

function longestPrefixFirst(a: string, b: string): number {
  return b.indexOf('*') - a.indexOf('*') || b.length - a.length;
}
