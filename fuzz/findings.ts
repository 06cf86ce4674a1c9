import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from './case.ts';
import type { Fault } from './fault.ts';
import { CORPUS_FOLDER, FINDINGS_FOLDER } from './paths.ts';

/** A fault with what leads to it, as it is kept in a file. */
export interface Finding {
  readonly fault: Fault;
  readonly seed: number;
  /** Whether playing the cases again showed the fault again. */
  readonly repeatable: boolean;
  /** Played one after the other, or all at once where one alone does nothing. */
  readonly cases: readonly Case[];
}

/** @returns the path of the file. */
export function saveFinding(finding: Finding): string {
  mkdirSync(FINDINGS_FOLDER, { recursive: true });
  const name = finding.fault.name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 50);
  const path = join(FINDINGS_FOLDER, `${name}-${finding.seed}.json`);
  writeFileSync(path, `${JSON.stringify(finding, null, 2)}\n`);
  return path;
}

/** @throws {Error} when there is none. */
export function readFinding(path: string): Finding {
  const found = parseFile(path);
  if (!isFinding(found)) throw new Error(`there is no finding in ${path}`);
  return found;
}

function parseFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

// Only the fuzzer writes these files: whatever has a list of cases is one.
function isFinding(value: unknown): value is Finding {
  return typeof value === 'object' && value !== null && 'cases' in value && Array.isArray(value.cases);
}

/** Cases that found something once. */
export function readCorpus(): Case[] {
  const files = readdirSync(CORPUS_FOLDER).filter((name) => name.endsWith('.json'));
  return files.flatMap((name) => readFinding(join(CORPUS_FOLDER, name)).cases);
}
