import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/** Where a proxy on Node forwards to. */
export const UPSTREAM_PORT = Number(process.env.BENCH_UPSTREAM_PORT);

/** Where it listens. `backlog` as the others have it: thousands of connections open at once. */
export const LISTEN = { port: Number(process.env.BENCH_PORT), host: '127.0.0.1', backlog: 1024 };

/** `cert` and `key` of the clients' side, `null` without TLS. */
export const TLS = readTls();

/** An HTTP server for one of the proxies on Node, with TLS where it is asked for. */
export function createNodeServer() {
  return TLS === null ? createServer({ noDelay: true }) : createTlsServer({ ...TLS, noDelay: true });
}

function readTls() {
  const { BENCH_CERT_FILE: certFile, BENCH_KEY_FILE: keyFile } = process.env;
  if (certFile === undefined || keyFile === undefined) return null;
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}
