import type { KeyPath } from '../base/problem.ts';
import type { Origin } from './config.ts';
import { variableParts } from './environment.ts';
import { valueAt } from './json.ts';

const MAX_SHOWN = 60;

/** What was found, for a message: as the file says it, never with a variable's value or a URL's credentials. */
export function describeFound(value: unknown, written: string | undefined): string {
  if (written !== undefined) return quote(written);
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return String(value);
  if (value === null || value === undefined) return 'nothing';
  return Array.isArray(value) ? 'a list' : 'a map';
}

function quote(text: string): string {
  const harmless = text.replace(/\/\/[^/?#]*@/, '//…@');
  return JSON.stringify(harmless.length > MAX_SHOWN ? `${harmless.slice(0, MAX_SHOWN)}…` : harmless);
}

/** One value of the configuration into which a variable was put. */
export interface WrittenValue {
  readonly path: KeyPath;
  readonly written: string;
}

/** Those below `prefix`. */
export function writtenBelow(origin: Origin, prefix: KeyPath): WrittenValue[] {
  return Object.entries(origin.written ?? {})
    .map(([key, written]) => ({ path: JSON.parse(key) as KeyPath, written }))
    .filter(({ path }) => prefix.every((key, i) => path[i] === key));
}

/** A short value is hidden only as a word, or `a` from a variable would riddle every sentence. */
const MIN_HIDDEN_ANYWHERE = 4;

/**
 * A schema's own message, with every value that came from a variable replaced by the variable's name.
 * @param value the configuration at `prefix`.
 */
export function hideVariables(message: string, value: unknown, prefix: KeyPath, origin: Origin): string {
  let hidden = message;
  for (const { path, written } of writtenBelow(origin, prefix)) {
    const found = String(valueAt(value, path.slice(prefix.length)));
    for (const part of variableParts(written, found)) hidden = hide(hidden, part.value, part.placeholder);
  }
  return hidden;
}

function hide(message: string, value: string, placeholder: string): string {
  if (value === '') return message;
  const escaped = value.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  const pattern = value.length >= MIN_HIDDEN_ANYWHERE ? escaped : `(?<![\\w$])${escaped}(?!\\w)`;
  return message.replace(new RegExp(pattern, 'g'), () => placeholder);
}
