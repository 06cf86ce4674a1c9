import type { Clock } from '../base/clock.ts';
import type { Reading } from '../config/build.ts';
import type { ComponentSchema } from '../config/json-schema.ts';
import { KINDS } from '../host/check-plugin.ts';
import type { Plugin } from '../host/contract.ts';
import { loadPlugins } from '../host/load-plugins.ts';
import { BUILTINS } from './builtins.ts';

/** The option schemas of the built-in plugins and of those that a configuration loads. */
export async function componentSchemas(reading: Reading | null, clock: Clock): Promise<ComponentSchema[]> {
  const builtins = await Promise.all(Object.values(BUILTINS).map((load) => load()));
  const loaded =
    reading?.config == null ? [] : (await loadPlugins(reading.config, { clock, builtins: BUILTINS })).plugins;
  const plugins = new Map(
    [...builtins, ...loaded.map(({ plugin }) => plugin)].map((plugin) => [plugin.name, plugin]),
  );
  return [...plugins.values()].flatMap(schemasOf);
}

function schemasOf(plugin: Plugin): ComponentSchema[] {
  return KINDS.flatMap((kind) => {
    const components: Readonly<Record<string, { readonly config: ComponentSchema['schema'] }>> =
      plugin[kind] ?? {};
    return Object.entries(components).map(([name, { config }]) => ({
      id: `plugins.${plugin.name}.${kind}.${name}`,
      schema: config,
    }));
  });
}
