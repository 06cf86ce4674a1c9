import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { KeyPath, Problem } from '../base/problem.ts';
import type { Origin } from '../config/config.ts';
import { unknownOption } from '../config/issues.ts';
import { isMap } from '../config/json.ts';
import { jsonSchemaOf } from '../config/known-keys.ts';

/**
 * The options that a schema accepted only to drop them, as most libraries' plain objects do: for an operator a
 * misspelt option must be an error. A schema that takes any key says so (`additionalProperties`) and is left alone.
 */
export function droppedOptions(
  schema: StandardSchemaV1,
  given: unknown,
  path: KeyPath,
  origin: Origin,
): Problem[] {
  if (!isMap(given)) return [];
  const jsonSchema = jsonSchemaOf(schema);
  const properties = jsonSchema?.['properties'];
  if (jsonSchema?.['type'] !== 'object' || !isMap(properties)) return [];
  if (
    ['additionalProperties', 'patternProperties', 'allOf', 'anyOf', 'oneOf', '$ref'].some(
      (word) => word in jsonSchema,
    )
  )
    return [];
  const dropped = Object.keys(given).filter((key) => !Object.hasOwn(properties, key));
  return dropped.map((key) => unknownOption(key, [], { value: given, path, origin, jsonSchema }));
}
