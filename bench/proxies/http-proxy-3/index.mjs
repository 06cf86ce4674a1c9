import { packageVersion, startNodeProxy } from '../node-proxy.mjs';

/** @type {import('../index.mjs').Proxy} */
export const httpProxy3 = {
  name: 'http-proxy-3',
  title: '`http-proxy-3`',
  install: 'npm run bench:setup',
  find: () => packageVersion('http-proxy-3'),
  start: (how) => startNodeProxy('http-proxy-3', new URL('./relay.mjs', import.meta.url), how),
};
