import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { z } from 'zod';
import type { KeyPath, Problem } from '../base/problem.ts';
import type { Origin } from './config.ts';
import { problemsFromIssues } from './issues.ts';
import { valueAt, withValueAt } from './json.ts';
import { jsonSchemaOf } from './known-keys.ts';

/** A value as its schema hands it over, or everything wrong with it. */
export type Validation<T> =
  | { readonly value: T; readonly problems?: undefined }
  | { readonly problems: readonly Problem[] };

/**
 * Validates a part of the configuration through any Standard Schema. Nothing (`undefined`, `null`) is an empty map.
 * The value of a variable takes the type that the schema asks for: `${DEBUG}` may be a boolean, `${MAX}` a number.
 * @param path where the value stands in the configuration: `['actions', 'Forward', 'config']`.
 * @throws what the schema itself throws.
 */
export async function validate<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
  path: KeyPath,
  origin: Origin,
): Promise<Validation<StandardSchemaV1.InferOutput<S>>> {
  let input: unknown = value ?? {};
  for (;;) {
    const result = await schema['~standard'].validate(input);
    if (result.issues === undefined) return { value: result.value as StandardSchemaV1.InferOutput<S> };
    const retyped = retypeVariables(input, result.issues, path, origin);
    if (retyped === input) return { problems: toProblems(schema, result.issues, input, path, origin) };
    input = retyped;
  }
}

/** The same, at once, for our own schemas. */
export function validateNow<T>(
  schema: z.ZodType<T>,
  value: unknown,
  path: KeyPath,
  origin: Origin,
): Validation<T> {
  let input = value;
  for (;;) {
    const result = schema.safeParse(input);
    if (result.success) return { value: result.data };
    const issues = result.error.issues as readonly StandardSchemaV1.Issue[];
    const retyped = retypeVariables(input, issues, path, origin);
    if (retyped === input) return { problems: toProblems(schema, issues, input, path, origin) };
    input = retyped;
  }
}

function toProblems(
  schema: StandardSchemaV1,
  issues: readonly StandardSchemaV1.Issue[],
  value: unknown,
  path: KeyPath,
  origin: Origin,
): Problem[] {
  return problemsFromIssues(issues, { value, path, origin, jsonSchema: jsonSchemaOf(schema) });
}

/** The value with every text that came from a variable turned into what the issues ask for; itself if none can be. */
function retypeVariables(
  value: unknown,
  issues: readonly StandardSchemaV1.Issue[],
  path: KeyPath,
  origin: Origin,
): unknown {
  let retyped = value;
  for (const issue of issues) {
    const at = (issue.path ?? []).map(
      (part) => (typeof part === 'object' ? part.key : part) as string | number,
    );
    if (origin.written?.[JSON.stringify([...path, ...at])] === undefined) continue;
    const typed = asExpected(valueAt(retyped, at), (issue as { expected?: unknown }).expected);
    if (typed !== undefined) retyped = withValueAt(retyped, at, typed);
  }
  return retyped;
}

function asExpected(value: unknown, expected: unknown): boolean | number | undefined {
  if (typeof value !== 'string') return undefined;
  if (expected === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  if ((expected === 'number' || expected === 'int') && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  return undefined;
}
