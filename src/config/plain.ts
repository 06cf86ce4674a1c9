import type { KeyPath, Problem } from '../base/problem.ts';
import { isMap, setOwn } from './json.ts';

/** Far more than a configuration nests. */
const MAX_DEPTH = 100;

/** A copy of a value that consists of plain data; what does not is reported and left out. */
export function copyPlain(value: unknown, path: KeyPath, problems: Problem[]): unknown {
  if (path.length > MAX_DEPTH) {
    problems.push({ place: null, path: path.slice(0, 3), message: 'nested too deeply, or contains itself' });
    return undefined;
  }
  if (Array.isArray(value)) return value.map((each, i) => copyPlain(each, [...path, i], problems));
  if (isMap(value)) {
    const copy: Record<string, unknown> = {};
    for (const [key, each] of Object.entries(value)) {
      if (key === '__proto__')
        problems.push({ place: null, path: [...path, key], message: 'this name cannot be used' });
      else setOwn(copy, key, copyPlain(each, [...path, key], problems));
    }
    return copy;
  }
  if (isPrimitive(value)) return value;
  const kind = typeof value === 'object' ? 'an instance of a class' : `a ${typeof value}`;
  problems.push({
    place: null,
    path,
    message: `found ${kind}, expected plain data: text, number, true, false, list or map`,
  });
  return undefined;
}

const isPrimitive = (value: unknown): boolean =>
  value === null || value === undefined || ['string', 'number', 'boolean'].includes(typeof value);
