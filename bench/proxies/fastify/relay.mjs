// `@fastify/http-proxy` with all that costs something and is not needed switched off.
import { createRequire } from 'node:module';
import { LISTEN, TLS, UPSTREAM_PORT } from '../node-server.mjs';

const load = createRequire(import.meta.url);
const { fastify } = load('fastify');

// Compression is off and UTF-8 is not checked: the fastest that the `ws` inside has for this, with `bufferutil`.
const wsOptions = { perMessageDeflate: false, skipUTF8Validation: true };

const server = fastify({ logger: false, https: TLS });
server.register(load('@fastify/http-proxy'), {
  upstream: `http://127.0.0.1:${UPSTREAM_PORT}`,
  prefix: '/ws/chat',
  rewritePrefix: '/ws',
  websocket: true,
  wsServerOptions: wsOptions,
  wsClientOptions: wsOptions,
  // Off by default, too: no pings and no timers of its own, and no calls a message.
  wsReconnect: undefined,
  wsHooks: undefined,
});
await server.listen(LISTEN);
