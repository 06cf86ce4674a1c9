import type { Place, Problem } from '../base/problem.ts';
import type { Origin } from './config.ts';
import { isMap, setOwn } from './json.ts';
import type { YamlTree } from './yaml-tree.ts';

/** Several files as one. */
export interface Union {
  readonly root: Readonly<Record<string, unknown>>;
  readonly origin: Required<Origin>;
  readonly problems: readonly Problem[];
}

/**
 * The union of the files' top-level keys. Maps may be spread over files as long as no name repeats; any other key that
 * stands in two files is an error that names both places.
 */
export function uniteTrees(trees: readonly YamlTree[]): Union {
  const union = new TreeUnion();
  for (const tree of trees) union.add(tree);
  return {
    root: union.root,
    origin: {
      places: uniteMaps(trees.map((tree) => tree.places)),
      keyPlaces: uniteMaps(trees.map((tree) => tree.keyPlaces)),
      written: uniteMaps(trees.map((tree) => tree.written)),
    },
    problems: union.problems,
  };
}

/** Where two files have the same key, the first file's stands. */
const uniteMaps = <T>(maps: readonly ReadonlyMap<string, T>[]): Record<string, T> =>
  Object.fromEntries([...maps].reverse().flatMap((map) => [...map]));

class TreeUnion {
  readonly root: Record<string, unknown> = {};
  readonly problems: Problem[] = [];
  /** Where what is in `root` came from. */
  readonly #places = new Map<string, Place>();

  add(tree: YamlTree): void {
    for (const [key, value] of Object.entries(tree.root)) {
      const isNew = !Object.hasOwn(this.root, key);
      if (isNew || !isSpreadable(this.root[key]) || !isSpreadable(value)) {
        if (this.#claim([key], tree)) setOwn(this.root, key, isMap(value) ? {} : value);
      }
      if (isMap(value)) this.#spread(key, value, tree);
    }
  }

  #spread(key: string, value: Record<string, unknown>, tree: YamlTree): void {
    // `middlewares:` with nothing, then the map in another file.
    if (this.root[key] === undefined) setOwn(this.root, key, {});
    const merged = this.root[key];
    if (!isMap(merged)) return;
    for (const [name, each] of Object.entries(value)) {
      if (this.#claim([key, name], tree)) setOwn(merged, name, each);
    }
  }

  #claim(path: readonly string[], tree: YamlTree): boolean {
    const id = JSON.stringify(path);
    const place = tree.keyPlaces.get(id);
    const first = this.#places.get(id);
    if (place === undefined) return false;
    if (first === undefined) {
      this.#places.set(id, place);
      return true;
    }
    this.problems.push({
      place,
      path,
      message: `stands in ${first.file}:${first.line}:${first.column} as well`,
    });
    return false;
  }
}

const isSpreadable = (value: unknown): boolean => value === undefined || isMap(value);
