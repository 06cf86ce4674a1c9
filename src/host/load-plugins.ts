import type { Problem } from '../base/problem.ts';
import { type Config, type Origin, type PluginEntry, placeOf } from '../config/config.ts';
import { hideVariables } from '../config/found.ts';
import { checkPlugin } from './check-plugin.ts';
import type { Plugin } from './contract.ts';
import { describeError } from './describe-error.ts';
import { type ImportServices, importPlugin } from './import-plugin.ts';
import { pluginSource } from './plugin-source.ts';

/** A plugin of the configuration, ready to have its components built. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  readonly entry: PluginEntry;
  /** Its position in `plugins:`. */
  readonly index: number;
  /** Where its code came from; `null` for a built-in. */
  readonly file: string | null;
}

/** What came of `plugins:`. Problems do not stop the loading, so that the rest can be checked as well. */
export interface LoadedPlugins {
  readonly plugins: readonly LoadedPlugin[];
  readonly problems: readonly Problem[];
}

/** Imports and checks all plugins of a configuration. Never rejects; a plugin that hangs is given 10 seconds. */
export async function loadPlugins(
  config: Pick<Config, 'plugins'> & Origin,
  services: ImportServices,
): Promise<LoadedPlugins> {
  const outcomes = await Promise.all(
    config.plugins.map(async (entry) => ({ entry, outcome: await loadPlugin(entry, services) })),
  );
  const plugins: LoadedPlugin[] = [];
  const problems: Problem[] = [];
  const report = (index: number, message: string): void => {
    const path = ['plugins', index, 'path'];
    const hidden = hideVariables(message, config.plugins, ['plugins'], config);
    problems.push({ place: placeOf(config.places, path), path, message: hidden });
  };

  for (const [index, { entry, outcome }] of outcomes.entries()) {
    if ('problem' in outcome) {
      report(index, `plugin ${entry.path} cannot be loaded: ${outcome.problem}`);
      continue;
    }
    const { plugin, file } = outcome;
    const twin = plugins.find((other) => other.plugin.name === plugin.name);
    if (twin === undefined) plugins.push({ plugin, entry, index, file });
    else
      report(
        index,
        `${entry.path} and ${twin.entry.path} (plugins[${twin.index}]) are both named ${plugin.name}`,
      );
  }
  return { plugins, problems };
}

async function loadPlugin(
  entry: PluginEntry,
  services: ImportServices,
): Promise<{ readonly plugin: Plugin; readonly file: string | null } | { readonly problem: string }> {
  const source = pluginSource(entry.path, entry.folder, (name) => Object.hasOwn(services.builtins, name));
  try {
    const imported = await importPlugin(source, entry.folder, services);
    if ('problem' in imported) return imported;
    const checked = checkPlugin(imported.value);
    return 'problem' in checked ? checked : { ...checked, file: imported.file };
  } catch (error) {
    return { problem: describeError(error) };
  }
}
