import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { ConfigError, readSecret, type UpstreamTls } from '../../plugin.ts';
import type { WebSocketConfig } from './web-socket-config.ts';

type TlsConfig = WebSocketConfig['tls'];
type ResolvePath = (path: string) => string;

/**
 * Reads the files of `tls` and tries what they hold, so that a certificate that cannot work stops the start
 * instead of every handshake.
 */
export async function readTls(config: TlsConfig, resolvePath: ResolvePath): Promise<UpstreamTls> {
  if ((config.cert === undefined) !== (config.key === undefined)) {
    const [missing, given] = config.cert === undefined ? ['cert', 'key'] : ['key', 'cert'];
    throw ConfigError.at(['tls', given], `needs tls.${missing} as well`);
  }
  const ca = await readPem('ca', config, resolvePath);
  const cert = await readPem('cert', config, resolvePath);
  const key = await readPem('key', config, resolvePath);
  if (ca !== undefined) tryOut('ca', 'holds no certificate that can be used', () => readCertificates(ca));
  if (cert !== undefined)
    tryOut('cert', 'holds no certificate that can be used', () => readCertificates(cert));
  if (key !== undefined)
    tryOut('key', 'holds no private key that can be used without a passphrase', () =>
      createSecureContext({ key }),
    );
  if (cert !== undefined && key !== undefined)
    tryOut('key', 'does not belong to tls.cert', () => createSecureContext({ cert, key }));
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(config.servername === undefined ? {} : { servername: config.servername }),
    rejectUnauthorized: config.rejectUnauthorized,
  };
}

async function readPem(
  name: 'ca' | 'cert' | 'key',
  config: TlsConfig,
  resolvePath: ResolvePath,
): Promise<string | undefined> {
  const given = config[name];
  if (given === undefined) return undefined;
  if (typeof given !== 'string') return readSecret(given, resolvePath, ['tls', name]);
  if (given.trimStart().startsWith('-----BEGIN')) return given;
  try {
    return await readSecret({ file: given }, resolvePath);
  } catch (error) {
    // The option itself is the file's name here, so that is where the problem stands.
    if (error instanceof ConfigError) throw ConfigError.at(['tls', name], error.problems[0]?.message ?? '');
    throw error;
  }
}

function tryOut(name: 'ca' | 'cert' | 'key', problem: string, use: () => unknown): void {
  try {
    use();
  } catch (error) {
    throw ConfigError.at(['tls', name], problem, { cause: error });
  }
}

/** Throws unless there are certificates and all can be read: `createSecureContext` passes over a CA that cannot. */
function readCertificates(pem: string): void {
  const blocks =
    pem.match(
      /-----BEGIN (?:[A-Z0-9]+ )?CERTIFICATE-----[\s\S]*?-----END (?:[A-Z0-9]+ )?CERTIFICATE-----/g,
    ) ?? [];
  if (blocks.length === 0) throw new Error('there is no certificate');
  for (const block of blocks) new X509Certificate(block);
}
