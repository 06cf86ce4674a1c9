import { packageVersion, startNodeProxy } from '../node-proxy.mjs';

/** @type {import('../index.mjs').Proxy} */
export const fastifyHttpProxy = {
  name: 'fastify',
  title: '`@fastify/http-proxy`',
  install: 'npm run bench:setup',
  find: () => packageVersion('@fastify/http-proxy'),
  start: (how) => startNodeProxy('fastify', new URL('./relay.mjs', import.meta.url), how),
};
