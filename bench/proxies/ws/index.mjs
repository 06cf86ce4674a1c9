import { packageVersion, startNodeProxy } from '../node-proxy.mjs';

/** @type {import('../index.mjs').Proxy} */
export const wsRelay = {
  name: 'ws',
  title: 'relay of two `ws` sockets',
  install: 'npm run bench:setup',
  find() {
    const version = packageVersion('ws');
    const masker = packageVersion('bufferutil');
    return masker === null ? version : `${version} with bufferutil ${masker}`;
  },
  start: (how) => startNodeProxy('ws', new URL('./relay.mjs', import.meta.url), how),
};
