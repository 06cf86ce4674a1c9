import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';

/** Of a larger file it is not the content that tells whether it changed, but its size and time. */
const MAX_READ_BYTES = 1024 * 1024;

/** Files as they were found at one time. */
export class FoundFiles {
  readonly #states = new Map<string, Promise<string>>();

  /** Looks at a file, or at what is in its place, unless that was done before. */
  note(file: string): void {
    if (!this.#states.has(file)) this.#states.set(file, stateOf(file));
  }

  /** Resolves when all that were noted have been looked at. */
  async settle(): Promise<void> {
    await Promise.all(this.#states.values());
  }

  get paths(): readonly string[] {
    return [...this.#states.keys()];
  }

  /** Whether it is still as it was found; so is one that was not looked at before. */
  async isUnchanged(file: string): Promise<boolean> {
    const before = this.#states.get(file);
    return before === undefined || (await before) === (await stateOf(file));
  }

  /** Whether all are. */
  async areUnchanged(): Promise<boolean> {
    const compared = await Promise.all(this.paths.map((file) => this.isUnchanged(file)));
    return compared.every(Boolean);
  }
}

/** The same for two looks at a file between which nobody changed it. Never rejects. */
async function stateOf(file: string): Promise<string> {
  try {
    const found = await stat(file);
    if (!found.isFile()) return 'no file';
    if (found.size > MAX_READ_BYTES) return `${found.size} ${found.mtimeMs} ${found.ino}`;
    return createHash('sha256')
      .update(await readFile(file))
      .digest('base64url');
  } catch (error) {
    return `unreadable: ${String((error as { code?: unknown }).code)}`;
  }
}
