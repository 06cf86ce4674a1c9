import { packageVersion, startNodeProxy } from '../node-proxy.mjs';

/** @type {import('../index.mjs').Proxy} */
export const wsRelay = {
  name: 'ws',
  title: 'relay of two `ws` sockets',
  install: 'npm run bench:setup',
  find: () => packageVersion('ws'),
  start: (how) => startNodeProxy('ws', new URL('./relay.mjs', import.meta.url), how),
};
