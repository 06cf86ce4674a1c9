import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { wsfw } from '../e2e/command.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const certificate = (name: string): string =>
  fileURLToPath(new URL(`../support/certificates/${name}.pem`, import.meta.url));

interface Found {
  readonly key: string;
  readonly message: string;
  readonly line?: number;
}

async function found(files: Record<string, string>): Promise<readonly Found[]> {
  const cwd = temporaryFolder(files);
  await copyFile(certificate('server'), join(cwd, 'server.pem'));
  await copyFile(certificate('client-key'), join(cwd, 'client-key.pem'));
  const { code, stdout } = await wsfw(['check', '--json', '--config', 'wsfw.yaml'], { cwd });
  expect(code).toBe(1);
  return (JSON.parse(stdout) as { problems: Found[] }).problems;
}

it('finds certificates that cannot be read along with all other problems', async () => {
  const text =
    'server:\n  tls: true\n  certFile: a.pem\n  keyFile: wsfw.yaml\nplugins: [{path: ./nowhere.js}]\n';
  expect(await found({ 'wsfw.yaml': text })).toMatchObject([
    { line: 3, key: 'server.certFile', message: expect.stringContaining('there is no such file') as string },
    {
      line: 4,
      key: 'server.keyFile',
      message: expect.stringContaining('holds no private key in PEM') as string,
    },
    { line: 5, key: 'plugins[0].path' },
  ]);
});

it('says that a key belongs to another certificate', async () => {
  const text = 'server:\n  tls: true\n  certFile: server.pem\n  keyFile: client-key.pem\n';
  expect(await found({ 'wsfw.yaml': text })).toMatchObject([
    {
      line: 4,
      key: 'server.keyFile',
      message: expect.stringContaining('client-key.pem is not the key of') as string,
    },
  ]);
});

it('says in JSON too that there is no configuration', async () => {
  expect(await found({ 'other.yaml': '' })).toEqual([
    { key: '', message: expect.stringMatching(/^There is no configuration at wsfw\.yaml/) as string },
  ]);
});
