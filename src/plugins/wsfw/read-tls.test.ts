import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../plugin.ts';
import { readTls } from './read-tls.ts';
import { webSocketConfig } from './web-socket-config.ts';

const folder = fileURLToPath(new URL('../../../test/support/certificates/', import.meta.url));
const pem = (name: string): string => readFileSync(join(folder, name), 'utf8').trimEnd();

const read = (tls: object) => {
  const config = webSocketConfig.parse({ upstreamEndpoint: 'wss://localhost/', tls });
  return readTls(config.tls, (path) => resolve(folder, path));
};

async function problemOf(tls: object): Promise<string> {
  const error: unknown = await read(tls).catch((thrown: unknown) => thrown);
  if (!(error instanceof ConfigError)) throw new Error('there was no ConfigError', { cause: error });
  expect(error.problems).toHaveLength(1);
  return error.problems.map(({ path, message }) => `${path.join('.')}: ${message}`).join();
}

describe('readTls', () => {
  it('leaves everything to the system when nothing is given', async () => {
    expect(await read({})).toEqual({ rejectUnauthorized: true });
  });

  it('reads a path, {file} and the PEM text itself', async () => {
    expect(
      await read({
        ca: pem('ca.pem'),
        cert: 'client.pem',
        key: { file: './client-key.pem' },
        servername: 'x',
      }),
    ).toEqual({
      ca: pem('ca.pem'),
      cert: pem('client.pem'),
      key: pem('client-key.pem'),
      servername: 'x',
      rejectUnauthorized: true,
    });
  });

  it.each([
    [{ ca: 'gone.pem' }, 'tls.ca: the file cannot be read: there is no such file'],
    [{ ca: { file: 'gone.pem' } }, 'tls.ca.file: the file cannot be read: there is no such file'],
    [{ ca: '.' }, 'tls.ca: the file cannot be read: it is a folder'],
    [{ ca: 'index.ts' }, 'tls.ca: holds no certificate that can be used'],
    [
      { ca: '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----' },
      'tls.ca: holds no certificate',
    ],
    [{ cert: 'client.pem' }, 'tls.cert: needs tls.key as well'],
    [{ key: 'client-key.pem' }, 'tls.key: needs tls.cert as well'],
    [{ cert: 'client-key.pem', key: 'client-key.pem' }, 'tls.cert: holds no certificate that can be used'],
    [{ cert: 'client.pem', key: 'client.pem' }, 'tls.key: holds no private key that can be used'],
    [{ cert: 'client.pem', key: 'server-key.pem' }, 'tls.key: does not belong to tls.cert'],
  ])('says which option cannot work: %#', async (tls, problem) => {
    expect(await problemOf(tls)).toContain(problem);
  });
});
