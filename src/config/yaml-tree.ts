import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';
import type { KeyPath, Place, Problem } from '../base/problem.ts';
import { type Environment, substitute } from './environment.ts';
import { setOwn } from './json.ts';
import { inPlainWords } from './yaml-mistakes.ts';

/** One file, read: plain data with the place of everything in it. */
export interface YamlTree {
  /** The file's top-level keys; `undefined` stands for an empty value. */
  readonly root: Readonly<Record<string, unknown>>;
  readonly places: ReadonlyMap<string, Place>;
  readonly keyPlaces: ReadonlyMap<string, Place>;
  readonly written: ReadonlyMap<string, string>;
  readonly problems: readonly Problem[];
  /** Whether the file could not be parsed, so that anything may be missing from `root`. */
  readonly broken: boolean;
}

/** What aliases may add up to; more is a mistake or a bomb. */
const MAX_ALIASED_NODES = 10_000;
const MAX_DEPTH = 100;
/** One slip makes the parser stumble over all that follows. */
const MAX_SYNTAX_ERRORS = 5;

/** Parses a file's text, follows aliases, and puts variables in. Never throws. */
export function readYaml(text: string, file: string, environment: Environment): YamlTree {
  const lines = new LineCounter();
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  let document: Document;
  try {
    document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  } catch {
    // The parser is recursive: only thousands of nested brackets get here.
    return broken([{ place: { file, line: 1, column: 1 }, path: [], message: 'the file cannot be parsed' }]);
  }
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => ({
      place: placeAt(pos[0]),
      path: [],
      message: inPlainWords(message),
    }));
    return broken(firstOfEachLine(problems).slice(0, MAX_SYNTAX_ERRORS));
  }
  return new TreeReader(document, placeAt, environment).read();
}

/** The others of a line are mostly what the parser makes of the first. */
function firstOfEachLine(problems: readonly PlacedProblem[]): readonly PlacedProblem[] {
  return problems.filter(
    ({ place }, i) => problems.findIndex((other) => other.place.line === place.line) === i,
  );
}

interface PlacedProblem extends Problem {
  readonly place: Place;
}

const broken = (problems: readonly Problem[]): YamlTree => ({
  root: {},
  places: new Map(),
  keyPlaces: new Map(),
  written: new Map(),
  problems,
  broken: true,
});

/** Turns the parser's nodes into plain data and notes where each stands. */
class TreeReader {
  readonly #document: Document;
  readonly #placeAt: (offset: number) => Place;
  readonly #environment: Environment;
  readonly #places = new Map<string, Place>();
  readonly #keyPlaces = new Map<string, Place>();
  readonly #written = new Map<string, string>();
  readonly #problems: Problem[] = [];
  /** The aliases that are being followed. */
  readonly #following: Alias[] = [];
  #aliasedNodes = 0;

  constructor(document: Document, placeAt: (offset: number) => Place, environment: Environment) {
    this.#document = document;
    this.#placeAt = placeAt;
    this.#environment = environment;
  }

  read(): YamlTree {
    const { contents } = this.#document;
    let root: Record<string, unknown> = {};
    if (isMap(contents)) root = this.#map(contents.items as Pair<unknown, unknown>[], []);
    else if (contents !== null && !isEmpty(contents)) {
      this.#problem(contents, [], 'expected a map of keys such as routes: and actions:');
    }
    return {
      root,
      places: this.#places,
      keyPlaces: this.#keyPlaces,
      written: this.#written,
      problems: this.#problems,
      broken: false,
    };
  }

  #value(node: unknown, path: KeyPath): unknown {
    if (!isNode(node)) return undefined;
    if (path.length > MAX_DEPTH) return this.#problem(node, path, 'nested too deeply');
    if (this.#following.length > 0 && ++this.#aliasedNodes > MAX_ALIASED_NODES) {
      if (this.#aliasedNodes === MAX_ALIASED_NODES + 1)
        this.#problem(node, path, 'the aliases add up to too much');
      return undefined;
    }
    if (isAlias(node)) return this.#alias(node, path);
    if (node.tag !== undefined)
      return this.#problem(node, path, `the tag ${shortTag(node.tag)} has no meaning here`);
    if (isMap(node)) return this.#map(node.items as Pair<unknown, unknown>[], path);
    if (isSeq(node)) return node.items.map((item, i) => this.#item(item, [...path, i]));
    return isScalar(node) ? this.#scalar(node.value, node, path) : undefined;
  }

  #map(pairs: readonly Pair<unknown, unknown>[], path: KeyPath): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (const { key, value } of pairs) {
      const name = this.#name(key, path);
      if (name === undefined) continue;
      const own = [...path, name];
      const id = JSON.stringify(own);
      const place = this.#placeOf(key);
      const first = this.#keyPlaces.get(id);
      if (first !== undefined) {
        this.#problem(key, own, `stands twice; first in line ${first.line}`);
        continue;
      }
      this.#keyPlaces.set(id, place);
      this.#places.set(id, standsOnItsOwn(value) ? this.#placeOf(value) : place);
      setOwn(map, name, isEmpty(value) ? undefined : this.#value(value, own));
    }
    return map;
  }

  #name(key: unknown, path: KeyPath): string | undefined {
    const name = isScalar(key) && key.value !== null ? String(key.value) : undefined;
    if (name === undefined) this.#problem(key, path, 'a key must be a text');
    else if (name === '__proto__') this.#problem(key, [...path, name], 'this name cannot be used');
    else if (name === '<<')
      this.#problem(key, [...path, name], 'merge keys are not supported: write the keys out');
    else return name;
    return undefined;
  }

  #item(node: unknown, path: KeyPath): unknown {
    const id = JSON.stringify(path);
    if (!this.#places.has(id)) this.#places.set(id, this.#placeOf(node));
    return isEmpty(node) ? null : this.#value(node, path);
  }

  #alias(alias: Alias, path: KeyPath): unknown {
    const target = alias.resolve(this.#document);
    if (target === undefined) return this.#problem(alias, path, `no anchor is named &${alias.source}`);
    if (this.#following.some((other) => other.source === alias.source)) {
      return this.#problem(alias, path, `&${alias.source} contains itself`);
    }
    this.#following.push(alias);
    const value = this.#value(target, path);
    this.#following.pop();
    return value;
  }

  #scalar(value: unknown, node: Node, path: KeyPath): unknown {
    if (typeof value === 'string') return this.#text(value, node, path);
    if (value === null || typeof value === 'number' || typeof value === 'boolean') return value;
    return this.#problem(node, path, 'expected a text, a number, true or false');
  }

  #text(text: string, node: Node, path: KeyPath): string {
    const substituted = substitute(text, this.#environment);
    for (const message of substituted.wrong) this.#problem(node, path, message);
    if (substituted.changed) this.#written.set(JSON.stringify(path), text);
    return substituted.text;
  }

  #problem(node: unknown, path: KeyPath, message: string): undefined {
    this.#problems.push({ place: this.#placeOf(node), path, message });
    return undefined;
  }

  #placeOf(node: unknown): Place {
    return this.#placeAt((isNode(node) ? node.range?.[0] : undefined) ?? 0);
  }
}

/** As it is mostly written: `!!str`. */
const shortTag = (tag: string): string => tag.replace(/^tag:yaml\.org,2002:/, '!!');

const isNode = (value: unknown): value is Node =>
  isAlias(value) || isScalar(value) || isMap(value) || isSeq(value);

/** `key:` with nothing after it, as when all that stood below was commented out. */
const isEmpty = (node: unknown): boolean =>
  node === null ||
  node === undefined ||
  (isScalar(node) && node.value === null && !node.source && node.tag === undefined);

/** Whether a value is found by its own place; a map, a list or nothing is found by its key's. */
const standsOnItsOwn = (node: unknown): boolean => (isScalar(node) && !isEmpty(node)) || isAlias(node);
