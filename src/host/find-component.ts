import type { StandardSchemaV1 } from '@standard-schema/spec';
import { nearest } from '../base/nearest.ts';
import { KINDS, type Kind } from './check-plugin.ts';
import type { ActionComponent, Component } from './contract.ts';
import type { LoadedPlugin, LoadedPlugins } from './load-plugins.ts';

/** A component whose types nobody looks at any more. */
export type AnyComponent = Component<StandardSchemaV1, unknown, StandardSchemaV1> &
  Pick<ActionComponent<StandardSchemaV1>, 'upgrades'>;

export interface FoundComponent {
  readonly loaded: LoadedPlugin;
  readonly component: AnyComponent;
}

/** Nothing of that id; `message` is `null` when a plugin that was not loaded may well have it. */
export interface ComponentMiss {
  readonly message: string | null;
}

/** Looks up what `use` names: `plugins.<name>.<kind>.<Component>`. */
export function findComponent(
  use: string,
  kind: Kind,
  { plugins, problems }: LoadedPlugins,
): FoundComponent | ComponentMiss {
  const [head, name, usedKind, componentName, ...rest] = use.split('.');
  if (head !== 'plugins' || !name || !usedKind || !componentName || rest.length > 0)
    return {
      message: `${JSON.stringify(use)} names no component; expected plugins.<plugin>.${kind}.<Component>`,
    };
  if (usedKind !== kind) return { message: wrongKind(use, kind, usedKind) };

  const loaded = plugins.find(({ plugin }) => plugin.name === name);
  if (loaded === undefined) return { message: problems.length > 0 ? null : missingPlugin(name, plugins) };

  const components = componentsOf(loaded, kind);
  const component = components.get(componentName);
  return component === undefined
    ? { message: missingComponent(name, kind, componentName, components) }
    : { loaded, component };
}

/** A plugin's components of one kind. */
export function componentsOf({ plugin }: LoadedPlugin, kind: Kind): ReadonlyMap<string, AnyComponent> {
  return new Map(Object.entries<AnyComponent>(plugin[kind] ?? {}));
}

function wrongKind(use: string, kind: Kind, usedKind: string): string {
  if (KINDS.some((known) => known === usedKind))
    return `${use} belongs under ${usedKind}:, not under ${kind}:`;
  return `there is no kind of component ${usedKind}; expected plugins.<plugin>.${kind}.<Component>`;
}

function missingPlugin(name: string, plugins: readonly LoadedPlugin[]): string {
  const near = nearest(
    name,
    plugins.map(({ plugin }) => plugin.name),
  );
  const guess = near === undefined ? '' : ` Did you mean plugins.${near}?`;
  return `no plugin named ${name} is listed. Add under plugins: \`- path: ${name}\`.${guess}`;
}

function missingComponent(
  name: string,
  kind: Kind,
  wanted: string,
  components: ReadonlyMap<string, unknown>,
): string {
  const near = nearest(wanted, components.keys());
  if (near !== undefined) return `plugin ${name} has no ${kind}.${wanted}. Did you mean ${near}?`;
  const has = components.size === 0 ? `It has no ${kind}` : `It has ${[...components.keys()].join(', ')}`;
  return `plugin ${name} has no ${kind}.${wanted}. ${has}`;
}
