import { packageVersion, startNodeProxy } from '../node-proxy.mjs';

/** @type {import('../index.mjs').Proxy} */
export const httpProxy = {
  name: 'http-proxy',
  title: '`http-proxy`',
  install: 'npm run bench:setup',
  find: () => packageVersion('http-proxy'),
  start: (how) => startNodeProxy('http-proxy', new URL('./relay.mjs', import.meta.url), how),
};
