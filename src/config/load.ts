import { dirname, resolve } from 'node:path';
import { ConfigError } from '../base/config-error.ts';
import { joinProblems } from '../base/format-problems.ts';
import type { KeyPath, Problem } from '../base/problem.ts';
import { buildConfig, type Paths, type Reading } from './build.ts';
import { type Config, placeOf } from './config.ts';
import type { Environment } from './environment.ts';
import { readFiles } from './files.ts';
import { isMap } from './json.ts';
import { copyPlain } from './plain.ts';
import { uniteTrees } from './union.ts';
import { readYaml } from './yaml-tree.ts';

/** What loading needs to know of the process. */
export interface LoadOptions {
  /** Variables for `${NAME}`. Default: none. */
  readonly env?: Environment;
  /** The folder that relative paths start from. Default: the process's. */
  readonly cwd?: string;
}

/**
 * Reads a configuration from files and checks everything that can be checked without its plugins.
 * @param paths files, and folders of which every `*.yaml` and `*.yml` is read. Default `./config`, else `./wsfw.yaml`.
 * @returns what could be read and everything wrong with it. For those who have more to check, such as the components'
 * own options; everybody else wants `loadConfig`.
 * @throws {WsfwError} `WSFW_CONFIG_NOT_FOUND`
 */
export async function readConfig(
  paths?: string | readonly string[],
  options: LoadOptions = {},
): Promise<Reading> {
  const cwd = resolve(options.cwd ?? '');
  const sources = await readFiles(typeof paths === 'string' ? [paths] : paths, cwd);
  const trees = sources.files.map(({ name, text }) => readYaml(text, name, options.env ?? {}));
  const union = uniteTrees(trees);
  const problems: Problem[] = [
    ...sources.problems,
    ...trees.flatMap((tree) => tree.problems),
    ...union.problems,
  ];
  // What stands in a file that cannot be read would be reported as missing from the others.
  if (sources.problems.length > 0 || trees.some((tree) => tree.broken)) return { config: null, problems };
  const built = buildConfig(union.root, union.origin, {
    folderOf: (path) => resolve(cwd, dirname(placeOf(union.origin.places, path)?.file ?? '')),
    resolve,
  });
  // Without one of its plugins, every use of that plugin would be reported as well.
  const withoutPlugins = problems.some(({ path }) => path[0] === 'plugins');
  return { config: withoutPlugins ? null : built.config, problems: joinProblems(problems, built.problems) };
}

/**
 * Reads a configuration from files and checks it.
 * @param paths files, and folders of which every `*.yaml` and `*.yml` is read. Default `./config`, else `./wsfw.yaml`.
 * @throws {ConfigError} with every problem; {WsfwError} `WSFW_CONFIG_NOT_FOUND`.
 */
export async function loadConfig(
  paths?: string | readonly string[],
  options: LoadOptions = {},
): Promise<Config> {
  return wholeConfig(await readConfig(paths, options));
}

/**
 * The same configuration from a plain object. Variables are not put in: a program has its own means.
 * @param folder what relative paths start from. Default: the process's working directory.
 */
export function readObject(object: unknown, folder = ''): Reading {
  const problems: Problem[] = [];
  const root = copyPlain(object, [], problems);
  if (!isMap(root)) {
    const message = 'expected an object with keys such as routes and actions';
    return { config: null, problems: [{ place: null, path: [], message }] };
  }
  const paths: Paths = { folderOf: (_path: KeyPath) => resolve(folder), resolve };
  const built = buildConfig(root, { places: {} }, paths);
  return { config: built.config, problems: joinProblems(problems, built.problems) };
}

/**
 * Checks a configuration given as a plain object.
 * @throws {ConfigError} with every problem.
 */
export function fromObject(object: unknown, folder = ''): Config {
  return wholeConfig(readObject(object, folder));
}

function wholeConfig({ config, problems }: Reading): Config {
  if (config === null || problems.length > 0) throw new ConfigError(problems);
  return config;
}
