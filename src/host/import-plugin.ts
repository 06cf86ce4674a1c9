import { stat } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import type { Clock } from '../base/clock.ts';
import type { Plugin } from './contract.ts';
import { DeadlineError, PLUGIN_DEADLINE_MS, withDeadline } from './deadline.ts';
import { explainImportError } from './explain-import-error.ts';
import type { PluginSource } from './plugin-source.ts';
import { resolvePackage } from './resolve-package.ts';

/** The plugins that come with the gateway, by name; each is imported when it is asked for. */
export type Builtins = Readonly<Record<string, () => Promise<Plugin>>>;

export interface ImportServices {
  readonly builtins: Builtins;
  readonly clock: Clock;
  /** How to import a module by its URL. Default: `import()`. */
  readonly importModule?: (url: string) => Promise<unknown>;
}

/**
 * A plugin's default export, unchecked, and the file that it came from (`null` for a built-in); or why there is none, as
 * a person would say it.
 */
export type Imported =
  | { readonly value: unknown; readonly file: string | null }
  | { readonly problem: string };

/** Imports what a source names. Never rejects. */
export async function importPlugin(
  source: PluginSource,
  folder: string,
  services: ImportServices,
): Promise<Imported> {
  if (source.kind === 'builtin') return importBuiltin(source.name, services);
  if (source.kind === 'file') return importFile(source.file, services);
  const found = await resolvePackage(source.specifier, folder);
  if (found.file !== null) return importFile(found.file, services);
  const { specifier } = source;
  if (found.problem === 'not-exported')
    return { problem: `the package in ${found.packageFolder} does not export ${specifier} for import` };
  const builtins = Object.keys(services.builtins).sort().join(', ');
  return {
    problem:
      `no built-in plugin (${builtins}) and no installed package is named ${specifier}. ` +
      `For a package run \`npm install ${specifier}\` in ${folder}; for a file write ./${specifier}`,
  };
}

async function importBuiltin(name: string, services: ImportServices): Promise<Imported> {
  const load = Object.hasOwn(services.builtins, name) ? services.builtins[name] : undefined;
  if (load !== undefined) return { value: await load(), file: null };
  const builtins = Object.keys(services.builtins).sort().join(', ');
  return {
    problem: `a path that ends in .so names a built-in plugin, and none is named ${name}. Built in: ${builtins}`,
  };
}

async function importFile(file: string, services: ImportServices): Promise<Imported> {
  const found = await stat(file).catch(() => null);
  if (found === null) return { problem: `there is no file ${file}` };
  if (found.isDirectory()) return { problem: `${file} is a folder; name the module in it, such as index.js` };

  const importModule =
    services.importModule ?? ((url: string): Promise<unknown> => import(/* @vite-ignore */ url));
  try {
    return defaultExport(
      file,
      await withDeadline(services.clock, () => importModule(pathToFileURL(file).href)),
    );
  } catch (error) {
    if (error instanceof DeadlineError)
      return { problem: `importing ${file} did not finish within ${PLUGIN_DEADLINE_MS / 1000} s` };
    return { problem: await explainImportError(error, file) };
  }
}

function defaultExport(file: string, module: unknown): Imported {
  const value = propertyOf(module, 'default');
  if (value === undefined)
    return { problem: `${file} has no default export; write \`export default definePlugin({ … })\`` };
  // A CommonJS module that a compiler made of an ES module keeps its default export one level deeper.
  if (propertyOf(value, '__esModule') === true) return { value: propertyOf(value, 'default'), file };
  return { value, file };
}

function propertyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}
