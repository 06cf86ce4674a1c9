import { fileURLToPath } from 'node:url';

/** @param {string} name */
const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * A certificate for 127.0.0.1, ECDSA P-256, signed by itself, from `generate.sh`. Its key is public: for measuring only.
 * @type {import('../index.mjs').TlsFiles}
 */
export const certificate = {
  certFile: path('cert.pem'),
  keyFile: path('key.pem'),
  pemFile: path('cert-and-key.pem'),
};
