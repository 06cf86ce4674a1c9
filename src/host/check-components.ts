import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Clock } from '../base/clock.ts';
import type { KeyPath, Problem } from '../base/problem.ts';
import { type ComponentEntry, type Config, type Origin, placeOf } from '../config/config.ts';
import { hideVariables } from '../config/found.ts';
import { validate } from '../config/validate.ts';
import { KINDS, type Kind } from './check-plugin.ts';
import { componentKey } from './component-key.ts';
import { withDeadline } from './deadline.ts';
import { describeError } from './describe-error.ts';
import { droppedOptions } from './dropped-options.ts';
import { type AnyComponent, findComponent } from './find-component.ts';
import type { LoadedPlugin, LoadedPlugins } from './load-plugins.ts';

/** A component whose configuration is valid, with what it takes to build it. */
export interface CheckedComponent {
  readonly kind: Kind;
  readonly name: string;
  readonly entry: ComponentEntry;
  readonly plugin: string;
  readonly component: AnyComponent;
  readonly config: unknown;
  readonly pluginConfig: unknown;
  readonly key: string;
}

export interface CheckedComponents {
  readonly components: readonly CheckedComponent[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** What of a configuration concerns plugins. */
export type Configured = Pick<Config, Kind | 'plugins'> & Origin;

/** Validates what is configured for each plugin and each component, all of it, and builds nothing. Never rejects. */
export async function checkComponents(
  config: Configured,
  loaded: LoadedPlugins,
  clock: Clock,
): Promise<CheckedComponents> {
  const check = new Check(config, loaded, clock);
  const pluginConfigs = new Map<LoadedPlugin, unknown>();
  for (const plugin of loaded.plugins) pluginConfigs.set(plugin, await check.pluginConfig(plugin));
  const entries = KINDS.flatMap((kind) =>
    Object.entries(config[kind]).map(([name, entry]) => ({ kind, name, entry })),
  );
  const checked: (CheckedComponent | null)[] = [];
  for (const { kind, name, entry } of entries)
    checked.push(await check.component(kind, name, entry, pluginConfigs));
  return {
    components: checked.filter((component) => component !== null),
    problems: check.problems,
    warnings: check.warnings,
  };
}

/** Collects what is wrong while it goes from plugin to plugin and from component to component. */
class Check {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #config: Configured;
  readonly #loaded: LoadedPlugins;
  readonly #clock: Clock;

  constructor(config: Configured, loaded: LoadedPlugins, clock: Clock) {
    this.#config = config;
    this.#loaded = loaded;
    this.#clock = clock;
  }

  /** What a plugin's components get as `pluginConfig`. */
  async pluginConfig({ plugin, entry, index }: LoadedPlugin): Promise<unknown> {
    const path = ['plugins', index, 'config'];
    if (plugin.config !== undefined) return (await this.#validate(plugin.config, entry.config, path))?.value;
    if (!isEmpty(entry.config)) this.#report(path, `plugin ${plugin.name} takes no configuration of its own`);
    return undefined;
  }

  async component(
    kind: Kind,
    name: string,
    entry: ComponentEntry,
    pluginConfigs: ReadonlyMap<LoadedPlugin, unknown>,
  ): Promise<CheckedComponent | null> {
    const found = findComponent(entry.use, kind, this.#loaded);
    if ('message' in found) {
      if (found.message !== null) this.#report([kind, name, 'use'], found.message);
      return null;
    }
    const { component, loaded } = found;
    const path = [kind, name, 'config'];
    const valid = await this.#validate(component.config, entry.config, path);
    if (valid === null) return null;
    this.#warn(component, valid.value, path);
    const key = componentKey(entry, loaded.entry);
    const pluginConfig = pluginConfigs.get(loaded);
    return {
      kind,
      name,
      entry,
      plugin: loaded.plugin.name,
      component,
      config: valid.value,
      pluginConfig,
      key,
    };
  }

  /** The value as the schema hands it over, in an object of its own, since it may be anything; or `null`. */
  async #validate(
    schema: StandardSchemaV1,
    given: unknown,
    path: KeyPath,
  ): Promise<{ readonly value: unknown } | null> {
    try {
      const result = await withDeadline(this.#clock, () => validate(schema, given, path, this.#config));
      const problems = result.problems ?? droppedOptions(schema, given, path, this.#config);
      this.problems.push(...problems);
      return result.problems !== undefined || problems.length > 0 ? null : { value: result.value };
    } catch (error) {
      this.#report(
        path,
        `could not be validated: ${hideVariables(describeError(error), given, path, this.#config)}`,
      );
      return null;
    }
  }

  #warn(component: AnyComponent, config: unknown, path: KeyPath): void {
    try {
      for (const warning of component.warnings?.(config) ?? []) {
        const at = [...path, ...warning.path];
        this.warnings.push({ place: placeOf(this.#config.places, at), path: at, message: warning.message });
      }
    } catch (error) {
      this.#report(path, `its warnings could not be looked for: ${describeError(error)}`);
    }
  }

  #report(path: KeyPath, message: string): void {
    this.problems.push({ place: placeOf(this.#config.places, path), path, message });
  }
}

function isEmpty(given: unknown): boolean {
  return given == null || (typeof given === 'object' && Object.keys(given).length === 0);
}
