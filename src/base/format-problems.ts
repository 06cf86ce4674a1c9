import { formatKeyPath, type Problem } from './problem.ts';

/** Control characters and line separators, which would let a file's content draw on the terminal. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** One problem as two lines, or one when it is about no key: place and key, then what is wrong. */
export function formatProblem({ place, path, message }: Problem): string {
  const where = place === null ? '' : `${place.file}:${place.line}:${place.column}`;
  const heading = [where, formatKeyPath(path)].filter((part) => part !== '').join('  ');
  const sentence = printable(message);
  return heading === '' ? sentence : `${printable(heading)}\n  ${sentence}`;
}

/** `1 problem`, `2 problems`. */
export const countProblems = (count: number): string => (count === 1 ? '1 problem' : `${count} problems`);

/** Every problem with its place, then how many there are and what that means for the reader. */
export function formatProblems(problems: readonly Problem[], outcome = 'Nothing was started.'): string {
  return [...problems.map(formatProblem), `${countProblems(problems.length)}. ${outcome}`].join('\n');
}

/** By file, line and column, as a reader goes through them; those without a place stay in order, at the end. */
export function sortProblems(problems: readonly Problem[]): Problem[] {
  return [...problems].sort((a, b) => {
    if (a.place === null || b.place === null) return Number(a.place === null) - Number(b.place === null);
    if (a.place.file !== b.place.file) return a.place.file < b.place.file ? -1 : 1;
    return a.place.line - b.place.line || a.place.column - b.place.column;
  });
}

/** Both, less those of `later` that are about a key with which something was wrong already. */
export function joinProblems(first: readonly Problem[], later: readonly Problem[]): Problem[] {
  const known = new Set(first.map(({ path }) => JSON.stringify(path)));
  known.delete('[]');
  return [...first, ...later.filter(({ path }) => !known.has(JSON.stringify(path)))];
}
