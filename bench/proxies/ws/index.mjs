import { createRequire } from 'node:module';
import { startNodeProxy } from '../node-proxy.mjs';

/** @type {import('../index.mjs').Proxy} */
export const wsRelay = {
  name: 'ws',
  title: 'relay of two `ws` sockets',
  find() {
    try {
      return createRequire(import.meta.url)('ws/package.json').version;
    } catch {
      return null;
    }
  },
  start: (how) => startNodeProxy('ws', new URL('./relay.mjs', import.meta.url), how),
};
