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

export function readFinding(path: string): Finding {
  return JSON.parse(readFileSync(path, 'utf8')) as Finding;
}

/** Cases that found something once. */
export function readCorpus(): Case[] {
  const files = readdirSync(CORPUS_FOLDER).filter((name) => name.endsWith('.json'));
  return files.flatMap((name) => readFinding(join(CORPUS_FOLDER, name)).cases);
}
