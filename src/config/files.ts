import { readdir, readFile, stat } from 'node:fs/promises';
import { join, normalize, resolve } from 'node:path';
import { WsfwError } from '../base/errors.ts';
import type { Problem } from '../base/problem.ts';
import { readFailure } from './secret.ts';

/** A file of the configuration as found. */
export interface SourceFile {
  /** As the user would write it: the given path, and the name below it. */
  readonly name: string;
  readonly text: string;
}

/** Every file of the configuration, and those that could not be read. */
export interface SourceFiles {
  readonly files: readonly SourceFile[];
  readonly problems: readonly Problem[];
}

const DEFAULT_PATHS = ['./config', './wsfw.yaml'];

/**
 * Reads the files that the paths mean: a file itself, and every `*.yaml` and `*.yml` directly in a folder.
 * @param paths `undefined` for `./config`, else `./wsfw.yaml`.
 * @throws {WsfwError} `WSFW_CONFIG_NOT_FOUND` when a path, or any file below it, does not exist.
 */
export async function readFiles(paths: readonly string[] | undefined, cwd: string): Promise<SourceFiles> {
  const names = await findFiles(paths, cwd);
  const files: SourceFile[] = [];
  const problems: Problem[] = [];
  for (const [absolute, name] of names) {
    try {
      files.push({ name, text: await readFile(absolute, 'utf8') });
    } catch (error) {
      const message = `the file cannot be read: ${readFailure(error)}`;
      problems.push({ place: { file: name, line: 1, column: 1 }, path: [], message });
    }
  }
  return { files, problems };
}

/**
 * The same files, unread: absolute path → name.
 * @throws {WsfwError} `WSFW_CONFIG_NOT_FOUND`
 */
export async function findFiles(
  paths: readonly string[] | undefined,
  cwd: string,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const path of paths ?? [await defaultPath(cwd)]) {
    for (const name of await filesBelow(path, cwd)) names.set(resolve(cwd, name), name);
  }
  return names;
}

async function defaultPath(cwd: string): Promise<string> {
  for (const path of DEFAULT_PATHS) {
    if ((await kindOf(resolve(cwd, path))) !== 'missing') return path;
  }
  throw notFound(
    `There is no configuration in ${resolve(cwd)}: neither the folder config nor the file wsfw.yaml is there.\n` +
      'Name a folder or a file with --config PATH, or try the example with: wsfw start --demo',
  );
}

async function filesBelow(path: string, cwd: string): Promise<string[]> {
  const absolute = resolve(cwd, path);
  const kind = await kindOf(absolute);
  if (kind === 'missing') throw notFound(`There is no configuration at ${path}: ${absolute} does not exist.`);
  if (kind === 'file') return [normalize(path)];
  const names = (await namesIn(absolute, path)).filter(
    (name) => /\.ya?ml$/i.test(name) && !name.startsWith('.'),
  );
  if (names.length === 0)
    throw notFound(`There is no configuration in ${path}: the folder has no *.yaml or *.yml file.`);
  return names.sort().map((name) => join(path, name));
}

async function namesIn(folder: string, path: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw notFound(`The configuration in ${path} cannot be read: ${readFailure(error)}.`);
  }
}

async function kindOf(path: string): Promise<'missing' | 'file' | 'folder'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    // Anything else, such as a lack of permission, shows when the file is read.
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'file';
  }
}

const notFound = (message: string): WsfwError => new WsfwError('WSFW_CONFIG_NOT_FOUND', message);
