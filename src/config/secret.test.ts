import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSecret } from './secret.ts';

let folder = '';
const resolvePath = (path: string): string => resolve(folder, path);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wsfw-secret-'));
  await writeFile(join(folder, 'key'), 'two\nlines\r\n');
  await writeFile(join(folder, 'empty'), '\n');
  await writeFile(join(folder, 'big'), 'x'.repeat(1024 * 1024 + 1));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

describe('readSecret', () => {
  it('gives a text as it is, and a file without its last line break', async () => {
    expect(await readSecret('a\n', resolvePath)).toBe('a\n');
    expect(await readSecret({ file: 'key' }, resolvePath)).toBe('two\nlines');
  });

  it.each([
    ['nowhere', 'the file cannot be read: there is no such file'],
    ['.', 'the file cannot be read: it is a folder'],
    ['empty', 'the file is empty'],
    ['big', 'the file is over 1MiB'],
  ])('names the option when the file is %s', async (file, message) => {
    await expect(readSecret({ file }, resolvePath, ['tls', 'key'])).rejects.toMatchObject({
      code: 'WSFW_CONFIG_INVALID',
      problems: [{ path: ['tls', 'key', 'file'], message }],
    });
  });
});
