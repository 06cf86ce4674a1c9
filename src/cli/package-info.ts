import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the package, which has `config/` and `dist/`. */
const PACKAGE_FOLDER = new URL('../../', import.meta.url);

/** The version of the package that this file belongs to. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('package.json', PACKAGE_FOLDER), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

/** The configuration that comes with the package and forwards to the demo upstream. */
export const exampleConfig = (): string => fileURLToPath(new URL('config', PACKAGE_FOLDER));
