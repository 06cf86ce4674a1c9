import { stat } from 'node:fs/promises';
import type { Cancel, Clock } from '../base/clock.ts';

/**
 * How often files are looked at. Looking is right everywhere, where events are not: with files that are replaced, with
 * links that are moved (as Kubernetes does with a ConfigMap), on network and container file systems.
 */
export const WATCH_EVERY_MS = 500;

export interface FileWatchParts {
  readonly clock: Clock;
  /** The files of which each change counts, also that there is one more or one less. */
  readonly list: () => Promise<readonly string[]>;
  /** Files that count once they have been looked at: a new one is no change. */
  readonly others: () => readonly string[];
  /** Called when something has changed, and nothing changed since the last look: a file may be half written. */
  readonly changed: () => void;
}

/** What files look like at one time. */
interface Look {
  readonly listed: ReadonlyMap<string, string>;
  readonly others: ReadonlyMap<string, string>;
}

/** Notices when files change. */
export class FileWatch {
  readonly #parts: FileWatchParts;
  #settled: Look = { listed: new Map(), others: new Map() };
  #latest = '';
  #isLooking = false;

  constructor(parts: FileWatchParts) {
    this.#parts = parts;
  }

  /** Resolves when all files were looked at for the first time. @returns stops watching. */
  async begin(): Promise<Cancel> {
    this.#settled = await this.#look();
    this.#latest = fingerprintOf(this.#settled);
    return this.#parts.clock.every(WATCH_EVERY_MS, () => void this.compare());
  }

  /** Looks again. Never rejects. */
  async compare(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const look = await this.#look();
    this.#isLooking = false;
    const fingerprint = fingerprintOf(look);
    const isSettled = fingerprint === this.#latest;
    this.#latest = fingerprint;
    if (!isSettled) return;
    const before = this.#settled;
    this.#settled = look;
    if (differ(before, look)) this.#parts.changed();
  }

  async #look(): Promise<Look> {
    const listed = await this.#parts.list().catch(() => []);
    return { listed: await statesOf(listed), others: await statesOf(this.#parts.others()) };
  }
}

function differ(before: Look, after: Look): boolean {
  const isMissing = [...before.listed.keys()].some((file) => !after.listed.has(file));
  const isOther = [...after.listed].some(([file, state]) => before.listed.get(file) !== state);
  return (
    isMissing ||
    isOther ||
    [...after.others].some(([file, state]) => (before.others.get(file) ?? state) !== state)
  );
}

const fingerprintOf = ({ listed, others }: Look): string => JSON.stringify([[...listed], [...others]]);

async function statesOf(files: readonly string[]): Promise<Map<string, string>> {
  return new Map(await Promise.all(files.map(async (file) => [file, await stateOf(file)] as const)));
}

/** Links are followed: another file behind one is a change. */
async function stateOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(file);
    return [dev, ino, size, mtimeMs, ctimeMs].join();
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}
