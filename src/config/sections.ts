import type { z } from 'zod';
import type { KeyPath, Problem } from '../base/problem.ts';
import { type Origin, placeOf } from './config.ts';
import { describeFound } from './found.ts';
import { unknownOption } from './issues.ts';
import { isMap, setOwn } from './json.ts';
import { jsonSchemaOf } from './known-keys.ts';
import { rootSchema } from './schema.ts';
import { validateNow } from './validate.ts';

/** The entries of a list that have no problems, each with its position. */
export interface ListSection<T> {
  readonly entries: readonly { readonly index: number; readonly value: T }[];
  /** Whether that is all of them. */
  readonly complete: boolean;
}

/** The entries of a map that have no problems. */
export interface MapSection<T> {
  readonly entries: Readonly<Record<string, T>>;
  /** The names of all entries. */
  readonly names: readonly string[];
}

/** Goes through a configuration part by part, so that what is wrong in one hides nothing in another. */
export class Sections {
  readonly #root: Readonly<Record<string, unknown>>;
  readonly #origin: Origin;
  readonly problems: Problem[] = [];

  constructor(root: Readonly<Record<string, unknown>>, origin: Origin) {
    this.#root = root;
    this.#origin = origin;
    this.#reportUnknownKeys();
  }

  /** The whole of a key, or `undefined` when it has problems. */
  one<T>(key: string, schema: z.ZodType<T>): T | undefined {
    return this.#check(schema, this.#root[key] ?? {}, [key]);
  }

  list<T>(key: string, schema: z.ZodType<T>): ListSection<T> {
    const list = this.#root[key] ?? [];
    if (!Array.isArray(list)) {
      this.#wrongKind(list, [key], 'a list');
      return { entries: [], complete: false };
    }
    const entries = list.flatMap((entry: unknown, index) => {
      const value = this.#check(schema, entry, [key, index]);
      return value === undefined ? [] : [{ index, value }];
    });
    return { entries, complete: entries.length === list.length };
  }

  map<T>(key: string, schema: z.ZodType<T>): MapSection<T> {
    const entries: Record<string, T> = {};
    const map = this.#root[key] ?? {};
    if (!isMap(map)) {
      this.#wrongKind(map, [key], 'a map of names');
      return { entries, names: [] };
    }
    for (const [name, entry] of Object.entries(map)) {
      // `constructor` and its like are found in every object, whether or not they were defined.
      if (name === '' || name in Object.prototype) this.report([key, name], 'this name cannot be used');
      const value = this.#check(schema, entry ?? {}, [key, name]);
      if (value !== undefined) setOwn(entries, name, value);
    }
    return { entries, names: Object.keys(map) };
  }

  report(path: KeyPath, message: string): void {
    this.problems.push({ place: placeOf(this.#origin.places, path), path, message });
  }

  /** A name for a message: as the file says it, if a variable is part of it. */
  asWritten(path: KeyPath, name: string): string {
    return this.#origin.written?.[JSON.stringify(path)] ?? name;
  }

  #check<T>(schema: z.ZodType<T>, value: unknown, path: KeyPath): T | undefined {
    const result = validateNow(schema, value, path, this.#origin);
    if (result.problems === undefined) return result.value;
    this.problems.push(...result.problems);
    return undefined;
  }

  #wrongKind(value: unknown, path: KeyPath, expected: string): void {
    const written = this.#origin.written?.[JSON.stringify(path)];
    this.report(path, `found ${describeFound(value, written)}, expected ${expected}`);
  }

  #reportUnknownKeys(): void {
    const validated = {
      value: this.#root,
      path: [],
      origin: this.#origin,
      jsonSchema: jsonSchemaOf(rootSchema),
    };
    for (const key of Object.keys(this.#root)) {
      if (!Object.hasOwn(rootSchema.shape, key)) this.problems.push(unknownOption(key, [], validated));
    }
  }
}
