import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { KeyPath } from '../base/problem.ts';
import { isMap } from './json.ts';

/** A schema in JSON Schema's words. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** What a schema takes, as JSON Schema, if its library can say (`~standard.jsonSchema`). */
export function jsonSchemaOf(schema: StandardSchemaV1): JsonSchema | undefined {
  const standard: object = schema['~standard'];
  try {
    const converted = (
      standard as { jsonSchema?: { input?: (options: object) => unknown } }
    ).jsonSchema?.input?.({
      target: 'draft-2020-12',
      libraryOptions: { unrepresentable: 'any' },
    });
    return isMap(converted) ? converted : undefined;
  } catch {
    // A library throws for what JSON Schema cannot say: then there is nothing to suggest.
    return undefined;
  }
}

/** The options there are in the map at `path`. */
export interface KnownKeys {
  readonly names: readonly string[];
  /** Whether there can be no others. */
  readonly closed: boolean;
}

export function knownKeys(schema: JsonSchema | undefined, path: KeyPath): KnownKeys {
  if (schema === undefined) return { names: [], closed: false };
  let nodes = alternatives(schema, schema);
  for (const key of path)
    nodes = nodes.flatMap((node) => child(node, key).flatMap((each) => alternatives(each, schema)));
  const maps = nodes.filter((node) => node['type'] === 'object' || isMap(node['properties']));
  return {
    names: [...new Set(maps.flatMap((node) => Object.keys(node['properties'] ?? {})))],
    closed: maps.length > 0 && maps.every((node) => node['additionalProperties'] === false),
  };
}

const MAX_DEPTH = 20;

/** The node itself and everything it refers to or is put together from. */
function alternatives(node: unknown, root: JsonSchema, depth = 0): JsonSchema[] {
  if (!isMap(node) || depth > MAX_DEPTH) return [];
  const parts = ['anyOf', 'oneOf', 'allOf'].flatMap((word) =>
    Array.isArray(node[word]) ? (node[word] as unknown[]) : [],
  );
  const target = typeof node['$ref'] === 'string' ? resolveRef(node['$ref'], root) : undefined;
  return [node, ...[...parts, target].flatMap((part) => alternatives(part, root, depth + 1))];
}

function child(node: JsonSchema, key: string | number): unknown[] {
  if (typeof key === 'number') {
    const items = Array.isArray(node['prefixItems']) ? (node['prefixItems'] as unknown[])[key] : undefined;
    return [items ?? node['items']];
  }
  const properties = node['properties'];
  if (isMap(properties) && Object.hasOwn(properties, key)) return [properties[key]];
  return [node['additionalProperties']];
}

/** `#` and `#/$defs/x`; others are not for us to fetch. */
function resolveRef(ref: string, root: JsonSchema): unknown {
  if (!ref.startsWith('#')) return undefined;
  let node: unknown = root;
  for (const part of ref
    .slice(1)
    .split('/')
    .filter((each) => each !== '')) {
    node = isMap(node) ? node[part.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
  return node;
}
