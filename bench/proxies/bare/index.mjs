import { startNodeProxy } from '../node-proxy.mjs';

/** @type {import('../index.mjs').Proxy} */
export const bare = {
  name: 'bare',
  title: 'bare Node relay',
  install: 'nothing to do',
  find: () => process.version,
  start: (how) => startNodeProxy('bare', new URL('./relay.mjs', import.meta.url), how),
};

/**
 * The same in a second process: shows how far two equal proxies come out apart.
 * @type {import('../index.mjs').Proxy}
 */
export const bareAgain = {
  name: 'bare-again',
  title: 'bare Node relay, a second time',
  install: 'nothing to do',
  find: () => process.version,
  start: (how) => startNodeProxy('bare-again', new URL('./relay.mjs', import.meta.url), how),
};
