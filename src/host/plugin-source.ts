import { basename, isAbsolute, resolve } from 'node:path';

/** What a `plugins[].path` names. */
export type PluginSource =
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'package'; readonly specifier: string };

/**
 * A built-in's bare name or any path that ends in `.so` (by its base name) is a built-in; what starts with `.`
 * or `/` is a file, relative to `folder`; everything else is a package name.
 */
export function pluginSource(
  path: string,
  folder: string,
  isBuiltin: (name: string) => boolean,
): PluginSource {
  if (path.endsWith('.so')) return { kind: 'builtin', name: basename(path.replaceAll('\\', '/'), '.so') };
  if (isBuiltin(path)) return { kind: 'builtin', name: path };
  if (path.startsWith('.') || isAbsolute(path)) return { kind: 'file', file: resolve(folder, path) };
  return { kind: 'package', specifier: path };
}
