import type { StandardSchemaV1 } from '@standard-schema/spec';
import { nearest } from '../base/nearest.ts';
import type { KeyPath, Problem } from '../base/problem.ts';
import { type Origin, placeOf } from './config.ts';
import { describeFound, hideVariables } from './found.ts';
import { valueAt } from './json.ts';
import { type JsonSchema, knownKeys } from './known-keys.ts';
import { branchOf, isZodIssue, sentence, type ZodIssue } from './zod-issues.ts';

/** What was validated, and where it stands. */
export interface Validated {
  /** The value that the schema was given. */
  readonly value: unknown;
  /** Where it stands in the configuration. */
  readonly path: KeyPath;
  readonly origin: Origin;
  /** The schema as JSON Schema, if it can be had: it knows the names of the options. */
  readonly jsonSchema: JsonSchema | undefined;
}

/** A schema's issues as problems: place, key, what was found, what is expected, and the nearest name. */
export function problemsFromIssues(
  issues: readonly StandardSchemaV1.Issue[],
  validated: Validated,
): Problem[] {
  return issues
    .filter((issue) => !isUnfilled(keysOf(issue), validated))
    .flatMap((issue) => problemsOf(issue, keysOf(issue), validated));
}

// That the variable is not set was reported when the file was read; what follows from it needs no second report.
function isUnfilled(at: KeyPath, { value, path, origin }: Validated): boolean {
  const written = origin.written?.[JSON.stringify([...path, ...at])];
  return written !== undefined && written === valueAt(value, at);
}

function keysOf(issue: StandardSchemaV1.Issue): KeyPath {
  const keys = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part));
  return keys.map((key) => (typeof key === 'number' ? key : String(key)));
}

function problemsOf(issue: StandardSchemaV1.Issue, at: KeyPath, validated: Validated): Problem[] {
  if (isZodIssue(issue)) return zodProblems(issue, at, validated);
  const key = at.at(-1);
  const { names, closed } = knownKeys(validated.jsonSchema, at.slice(0, -1));
  if (typeof key === 'string' && closed && !names.includes(key))
    return [unknownOption(key, at.slice(0, -1), validated)];
  return [problem(at, issue.message, validated)];
}

function zodProblems(issue: ZodIssue, at: KeyPath, validated: Validated): Problem[] {
  const value = valueAt(validated.value, at);
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((key) => unknownOption(key, at, validated));
  }
  if (value === undefined && issue.code !== 'custom') return [problem(at, 'required', validated)];
  const branch = branchOf(issue);
  if (branch !== undefined)
    return branch.flatMap((each) => zodProblems(each, [...at, ...keysOf(each)], validated));
  return [problem(at, found(sentence(issue), value, at, validated), validated)];
}

/** Says what was found before what is `expected`. */
function found(message: string, value: unknown, at: KeyPath, { path, origin }: Validated): string {
  if (!message.startsWith('expected ') || value === undefined) return message;
  const written = origin.written?.[JSON.stringify([...path, ...at])];
  return `found ${describeFound(value, written)}, ${message}${didYouMean(value, written, message)}`;
}

// Suggesting the nearest of the allowed values would tell what a variable holds.
function didYouMean(value: unknown, written: string | undefined, message: string): string {
  const allowed = /^expected one of (.*)$/.exec(message)?.[1]?.split(', ');
  if (typeof value !== 'string' || written !== undefined || allowed === undefined) return '';
  const meant = nearest(value, allowed);
  return meant === undefined ? '' : `. Did you mean ${meant}?`;
}

/** An option that is not there, with the one that was probably meant, or all there are. */
export function unknownOption(key: string, at: KeyPath, validated: Validated): Problem {
  const path = [...validated.path, ...at, key];
  const { names } = knownKeys(validated.jsonSchema, at);
  const { keyPlaces, places } = validated.origin;
  const place = keyPlaces?.[JSON.stringify(path)] ?? placeOf(places, path);
  return { place, path, message: `unknown option. ${suggestion(key, names, 'There are no options here.')}` };
}

/** `Did you mean x?`, or every name there is. */
export function suggestion(name: string, names: readonly string[], none: string): string {
  const meant = nearest(name, names);
  if (meant !== undefined) return `Did you mean ${meant}?`;
  return names.length === 0 ? none : `Known: ${names.join(', ')}`;
}

function problem(at: KeyPath, message: string, { value, path, origin }: Validated): Problem {
  const full = [...path, ...at];
  return {
    place: placeOf(origin.places, full),
    path: full,
    message: hideVariables(message, value, path, origin),
  };
}
