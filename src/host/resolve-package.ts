import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { resolveExports } from './package-exports.ts';

/** A package was not found (`file: null`), or does not offer what was asked of it (`problem`). */
export type ResolvedPackage =
  | { readonly file: string }
  | { readonly file: null; readonly problem: 'missing' }
  | { readonly file: null; readonly problem: 'not-exported'; readonly packageFolder: string };

interface Manifest {
  readonly name?: unknown;
  readonly main?: unknown;
  readonly exports?: unknown;
}

/**
 * The file that `import 'specifier'` would load in a module that stands in `folder`. Node 20 has no stable API
 * for this: `import.meta.resolve` takes no parent, and `createRequire` cannot see packages for `import` only.
 */
export async function resolvePackage(specifier: string, folder: string): Promise<ResolvedPackage> {
  const parts = /^((?:@[^/\\%]+\/)?[^@./\\%][^/\\%]*)(\/.+)?$/.exec(specifier);
  const name = parts?.[1];
  if (name === undefined) return { file: null, problem: 'missing' };
  const subpath = `.${parts?.[2] ?? ''}`;

  const own = await ownPackage(folder);
  if (own?.manifest.name === name && own.manifest.exports != null)
    return within(own.folder, own.manifest, subpath);
  for (const ancestor of ancestors(folder)) {
    const packageFolder = join(ancestor, 'node_modules', name);
    if (await isFolder(packageFolder))
      return within(packageFolder, await readManifest(packageFolder), subpath);
  }
  return { file: null, problem: 'missing' };
}

/** The nearest folder, from `folder` upwards, that has a `package.json`; `null` when none has. */
export async function ownPackage(folder: string): Promise<{ folder: string; manifest: Manifest } | null> {
  for (const ancestor of ancestors(folder)) {
    const manifest = await readManifest(ancestor);
    if (manifest !== null) return { folder: ancestor, manifest };
  }
  return null;
}

async function within(
  packageFolder: string,
  manifest: Manifest | null,
  subpath: string,
): Promise<ResolvedPackage> {
  if (manifest?.exports != null) {
    const target = resolveExports(manifest.exports, subpath);
    if (target === null) return { file: null, problem: 'not-exported', packageFolder };
    return { file: join(packageFolder, target) };
  }
  return { file: subpath === '.' ? await mainFile(packageFolder, manifest) : join(packageFolder, subpath) };
}

/** Of a package without `exports`: `main` may lack its ending, or name a folder. */
async function mainFile(packageFolder: string, manifest: Manifest | null): Promise<string> {
  const main = typeof manifest?.main === 'string' ? manifest.main : 'index.js';
  for (const candidate of [main, `${main}.js`, join(main, 'index.js')]) {
    const file = join(packageFolder, candidate);
    if ((await stat(file).catch(() => null))?.isFile()) return file;
  }
  return join(packageFolder, 'index.js');
}

async function readManifest(folder: string): Promise<Manifest | null> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    return typeof manifest === 'object' ? manifest : null;
  } catch {
    return null;
  }
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() ?? false;
}

function ancestors(folder: string): string[] {
  const found = [folder];
  for (let at = folder; dirname(at) !== at; at = dirname(at)) found.push(dirname(at));
  return found;
}
