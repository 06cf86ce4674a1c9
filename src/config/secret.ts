import { readFile } from 'node:fs/promises';
import { ConfigError } from '../base/config-error.ts';
import type { KeyPath } from '../base/problem.ts';
import type { Secret } from './values.ts';

/** More than any key, token or chain of certificates. */
const MAX_SECRET_BYTES = 1024 * 1024;

/**
 * The text of a secret. One from a file loses its last line break.
 * @param resolvePath `host.resolvePath`, for files named relative to the configuration.
 * @param path the option, within the component's configuration, to name in an error.
 * @throws {ConfigError} when the file cannot be read, is empty, or is over 1 MiB.
 */
export async function readSecret(
  secret: Secret,
  resolvePath: (path: string) => string,
  path: KeyPath = [],
): Promise<string> {
  if (typeof secret === 'string') return secret;
  const content = await readText(resolvePath(secret.file), [...path, 'file']);
  const text = content.replace(/\r?\n$/, '');
  if (text === '') throw ConfigError.at([...path, 'file'], 'the file is empty');
  return text;
}

async function readText(file: string, path: KeyPath): Promise<string> {
  let content: Buffer;
  try {
    content = await readFile(file);
  } catch (error) {
    throw ConfigError.at(path, `the file cannot be read: ${readFailure(error)}`, { cause: error });
  }
  if (content.length > MAX_SECRET_BYTES) throw ConfigError.at(path, 'the file is over 1MiB');
  return content.toString('utf8');
}

/** Why a file could not be read, in words. */
export function readFailure(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'it is a folder';
  return typeof code === 'string' ? code : 'unknown error';
}
