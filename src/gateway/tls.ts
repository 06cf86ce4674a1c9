import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { Problem } from '../base/problem.ts';
import { type Config, placeOf, type ServerConfig } from '../config/config.ts';
import { readFailure } from '../config/secret.ts';

/** PEM texts of a certificate chain and its key. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

/** The listener's certificate and key, read and tried, and everything that is wrong with them; `pair` is `null` for none. */
export async function readCertificates({ server: { tls }, places }: Config): Promise<{
  readonly pair: CertificatePair | null;
  readonly problems: readonly Problem[];
}> {
  if (tls === null) return { pair: null, problems: [] };
  const { pair, faults } = await tryCertificates(tls);
  const problems = faults.map(({ option, message }) => {
    const path = ['server', option];
    return { place: placeOf(places, path), path, message };
  });
  return { pair, problems };
}

interface Fault {
  readonly option: 'certFile' | 'keyFile';
  readonly message: string;
}

async function tryCertificates({
  certFile,
  keyFile,
}: NonNullable<ServerConfig['tls']>): Promise<{ readonly pair: CertificatePair; readonly faults: Fault[] }> {
  const faults: Fault[] = [];
  const attempt = async <T>(option: Fault['option'], use: () => T | Promise<T>, message: string | Words) => {
    try {
      return await use();
    } catch (cause) {
      faults.push({ option, message: typeof message === 'string' ? message : message(cause) });
      return undefined;
    }
  };
  const cert = await attempt('certFile', () => readFile(certFile, 'utf8'), unreadable(certFile));
  const key = await attempt('keyFile', () => readFile(keyFile, 'utf8'), unreadable(keyFile));
  if (cert !== undefined)
    await attempt('certFile', () => new X509Certificate(cert), `${certFile} holds no certificate in PEM`);
  if (key !== undefined)
    await attempt(
      'keyFile',
      () => createSecureContext({ key }),
      `${keyFile} holds no private key in PEM that can be used without a passphrase`,
    );
  const pair = { cert: cert ?? '', key: key ?? '' };
  if (faults.length === 0)
    await attempt('keyFile', () => createSecureContext(pair), mismatch(certFile, keyFile));
  return { pair, faults };
}

type Words = (cause: unknown) => string;

const unreadable =
  (file: string): Words =>
  (cause) =>
    `${file} cannot be read: ${readFailure(cause)}`;

const mismatch =
  (certFile: string, keyFile: string): Words =>
  (cause) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    if (why.includes('key values mismatch')) return `${keyFile} is not the key of ${certFile}`;
    return `${certFile} and ${keyFile} cannot be used: ${why}`;
  };
