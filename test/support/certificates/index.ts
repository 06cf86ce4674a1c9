import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (name: string): string => fileURLToPath(new URL(`${name}.pem`, import.meta.url));
const read = (name: string): string => readFileSync(path(name), 'utf8');
const pair = (name: string) => ({
  cert: read(name),
  key: read(`${name}-key`),
  certFile: path(name),
  keyFile: path(`${name}-key`),
});

/** Certificates for tests, from `generate.sh`. */
export const certificates = {
  /** Issued all the others. */
  ca: read('ca'),
  caFile: path('ca'),
  /** A CA that issued none of them. */
  stranger: read('stranger'),
  /** For `localhost`, 127.0.0.1 and ::1. */
  server: pair('server'),
  /** For `upstream.example.test` only. */
  named: pair('named'),
  /** As `server`, no longer valid. */
  expired: pair('expired'),
  /** For a client. */
  client: pair('client'),
} as const;
