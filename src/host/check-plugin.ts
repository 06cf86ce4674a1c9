import type { Plugin } from './contract.ts';
import { describeValue } from './describe-error.ts';

/** The kinds of component that a plugin may have, and the key of the configuration that uses each. */
export const KINDS = ['middlewares', 'actions', 'storages'] as const;

export type Kind = (typeof KINDS)[number];

const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;
const PLUGIN_KEYS: readonly string[] = ['name', 'config', ...KINDS];
const COMPONENT_KEYS: readonly string[] = ['config', 'create', 'warnings'];

/**
 * Whether `value` has the structure of a plugin; if not, what is wrong with it, naming the field. By structure,
 * never `instanceof`: a plugin may carry another copy of this package, or none.
 */
export function checkPlugin(value: unknown): { readonly plugin: Plugin } | { readonly problem: string } {
  const problem = findProblem(value);
  return problem === null ? { plugin: value as Plugin } : { problem };
}

function findProblem(value: unknown): string | null {
  if (!isRecord(value))
    return `the default export is ${describeValue(value)}; it has to be what definePlugin({ … }) returns`;
  const { name, config } = value;
  if (typeof name !== 'string' || !NAME.test(name))
    return `name has to be a word such as token-auth (letters, digits, - and _), but is ${showName(name)}`;
  const stranger = Object.keys(value).find((key) => !PLUGIN_KEYS.includes(key));
  if (stranger !== undefined)
    return `plugin ${name} has the unknown field ${stranger}; known: ${PLUGIN_KEYS.join(', ')}`;
  if (config !== undefined && !isSchema(config))
    return `config of plugin ${name} has to be a Standard Schema`;
  return firstOf(KINDS, (kind) => kindProblem(name, kind, value[kind]));
}

function kindProblem(plugin: string, kind: Kind, components: unknown): string | null {
  if (components === undefined) return null;
  if (!isRecord(components))
    return `${kind} of plugin ${plugin} has to be an object, but is ${describeValue(components)}`;
  return firstOf(Object.keys(components), (name) =>
    componentProblem(`${kind}.${name}`, kind, plugin, components[name]),
  );
}

function componentProblem(field: string, kind: Kind, plugin: string, component: unknown): string | null {
  if (!isRecord(component))
    return `${field} of plugin ${plugin} has to be an object, but is ${describeValue(component)}`;
  if (!NAME.test(field.slice(kind.length + 1)))
    return `${field} of plugin ${plugin} has to be named by a word (letters, digits, - and _)`;
  const { config, create, warnings, upgrades } = component;
  if (!isSchema(config))
    return `${field}.config of plugin ${plugin} has to be a Standard Schema; write noConfig for no options`;
  if (typeof create !== 'function')
    return `${field}.create of plugin ${plugin} has to be a function, but is ${describeValue(create)}`;
  if (warnings !== undefined && typeof warnings !== 'function')
    return `${field}.warnings of plugin ${plugin} has to be a function, but is ${describeValue(warnings)}`;
  if (kind === 'actions' && upgrades !== undefined && typeof upgrades !== 'boolean')
    return `${field}.upgrades of plugin ${plugin} has to be true or false, but is ${describeValue(upgrades)}`;
  const known = kind === 'actions' ? [...COMPONENT_KEYS, 'upgrades'] : COMPONENT_KEYS;
  const stranger = Object.keys(component).find((key) => !known.includes(key));
  return stranger === undefined
    ? null
    : `${field} of plugin ${plugin} has the unknown field ${stranger}; known: ${known.join(', ')}`;
}

function isSchema(value: unknown): boolean {
  // Some libraries' schemas are functions.
  if (!isRecord(value) && typeof value !== 'function') return false;
  const standard: unknown = Reflect.get(value as object, '~standard');
  return isRecord(standard) && typeof standard['validate'] === 'function';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function showName(name: unknown): string {
  return typeof name === 'string' ? JSON.stringify(name) : describeValue(name);
}

function firstOf<T>(items: readonly T[], find: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = find(item);
    if (found !== null) return found;
  }
  return null;
}
