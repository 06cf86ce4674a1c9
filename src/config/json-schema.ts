import type { StandardSchemaV1 } from '@standard-schema/spec';
import { z } from 'zod';
import { isMap } from './json.ts';
import { type JsonSchema, jsonSchemaOf } from './known-keys.ts';
import { rootSchema } from './schema.ts';
import type { ComponentKind } from './syntax.ts';

/** A component of a loaded plugin. */
export interface ComponentSchema {
  /** `plugins.<plugin>.<kind>.<Component>` */
  readonly id: string;
  readonly schema: StandardSchemaV1;
}

const KINDS: readonly ComponentKind[] = ['storages', 'middlewares', 'actions'];

/**
 * A JSON Schema (draft 2020-12) of the whole configuration, for editors: the core's keys, and for each `use` the
 * options of that component.
 * @param components what the loaded plugins bring; `use` takes anything when there are none.
 */
export function configJsonSchema(components: readonly ComponentSchema[] = []): JsonSchema {
  const root = z.toJSONSchema(rootSchema, { io: 'input', target: 'draft-2020-12' });
  const properties: Record<string, unknown> = { ...root.properties };
  for (const kind of KINDS) {
    const own = components.filter(({ id }) => id.split('.')[2] === kind);
    if (own.length > 0) properties[kind] = withComponents(properties[kind], own);
  }
  return {
    ...root,
    title: 'Configuration of wsfw',
    properties: mapSchemas('properties', properties),
  };
}

/** The schema of a map of components, knowing which there are. */
function withComponents(section: unknown, components: readonly ComponentSchema[]): unknown {
  if (!isMap(section) || !isMap(section['additionalProperties'])) return section;
  const entry = section['additionalProperties'];
  const properties = isMap(entry['properties']) ? entry['properties'] : {};
  const use = {
    ...(isMap(properties['use']) ? properties['use'] : {}),
    enum: components.map(({ id }) => id),
  };
  return {
    ...section,
    additionalProperties: { ...entry, properties: { ...properties, use }, allOf: components.map(whenUsed) },
  };
}

function whenUsed({ id, schema }: ComponentSchema): JsonSchema {
  const { $schema: _, ...config } = jsonSchemaOf(schema) ?? {};
  // With an id of its own, what it refers to as `#/…` is looked for within it.
  const options = JSON.stringify(config).includes('"$ref"') ? { $id: `wsfw:${id}`, ...config } : config;
  return {
    if: { properties: { use: { const: id } }, required: ['use'] },
    [CONSEQUENCE]: {
      properties: { config: options },
      ...(isDemanding(config) ? { required: ['config'] } : {}),
    },
  };
}

/** Whether an empty map would not do. */
function isDemanding({ required, oneOf }: JsonSchema): boolean {
  if (Array.isArray(required) && required.length > 0) return true;
  return Array.isArray(oneOf) && oneOf.every((each) => isMap(each) && isDemanding(each));
}

// As a literal key it would look like a promise's method to the linter.
const CONSEQUENCE = 'then';

const VARIABLE = { type: 'string', pattern: '\\$\\{', description: 'A text with a variable in it' };

/** Below these stand schemas; below the others, values. */
const LISTS_OF_SCHEMAS = ['anyOf', 'oneOf', 'allOf', 'prefixItems'];
const MAPS_OF_SCHEMAS = ['properties', '$defs'];
const SCHEMAS = ['items', 'additionalProperties', CONSEQUENCE];

/** Lets `${NAME}` stand wherever a number, a switch or one of several words is asked for. */
function orVariable(node: unknown): unknown {
  if (!isMap(node)) return node;
  const below = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, mapSchemas(key, value)]));
  const takesNoText = typeof node['type'] === 'string' && /^(boolean|integer|number)$/.test(node['type']);
  if ((!takesNoText && !Array.isArray(node['enum'])) || 'const' in node) return below;
  const { description, default: fallback, ...rest } = below;
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    anyOf: [rest, VARIABLE],
  };
}

/** `key:` with nothing after it, as when what stood below is commented out. */
function orNothing(node: unknown): unknown {
  if (!isMap(node) || (node['type'] !== 'object' && node['type'] !== 'array')) return node;
  return { ...node, type: [node['type'], 'null'] };
}

function mapSchemas(key: string, value: unknown): unknown {
  if (LISTS_OF_SCHEMAS.includes(key) && Array.isArray(value)) return value.map(orVariable);
  if (MAPS_OF_SCHEMAS.includes(key) && isMap(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, orNothing(orVariable(each))]),
    );
  }
  return SCHEMAS.includes(key) ? orVariable(value) : value;
}
