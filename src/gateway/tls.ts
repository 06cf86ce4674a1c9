import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { WsfwError } from '../base/errors.ts';
import type { ServerConfig } from '../config/config.ts';
import { readFailure } from '../config/secret.ts';

/** PEM texts of a certificate chain and its key. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads the listener's certificate and key, and makes sure that they belong together.
 * @throws {WsfwError} `WSFW_TLS_FILE`, naming the file.
 */
export async function readCertificates(tls: ServerConfig['tls']): Promise<CertificatePair | null> {
  if (tls === null) return null;
  const [cert, key] = await Promise.all([readPem('certFile', tls.certFile), readPem('keyFile', tls.keyFile)]);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WsfwError('WSFW_TLS_FILE', `${tls.certFile} and ${tls.keyFile} cannot be used: ${why}`, {
      cause,
    });
  }
  return { cert, key };
}

async function readPem(option: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new WsfwError('WSFW_TLS_FILE', `server.${option}: ${file} cannot be read: ${readFailure(cause)}`, {
      cause,
    });
  }
}
