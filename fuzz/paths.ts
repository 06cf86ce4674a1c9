import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder: this file also runs from where it is built. */
const ROOT = fileURLToPath(new URL('.', import.meta.resolve('wsfw/package.json')));

/** Cases that once found something: they are played first. */
export const CORPUS_FOLDER = join(ROOT, 'fuzz', 'corpus');
/** Where cases go that find something. */
export const FINDINGS_FOLDER = join(ROOT, 'fuzz', 'findings');

/** One of the certificates of the tests. */
export const certificate = (name: string): string =>
  join(ROOT, 'test', 'support', 'certificates', `${name}.pem`);
