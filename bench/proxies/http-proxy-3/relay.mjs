// `http-proxy-3` as its documentation shows it for WebSockets. An `agent` of its own would make handshakes dearer, larger
// buffers large messages.
import { createRequire } from 'node:module';
import { createNodeServer, LISTEN, UPSTREAM_PORT } from '../node-server.mjs';

const { createProxyServer } = createRequire(import.meta.url)('http-proxy-3');

const proxy = createProxyServer({
  target: `ws://127.0.0.1:${UPSTREAM_PORT}/ws`,
  // The target's path is the path.
  ignorePath: true,
});
// An end that went away is no reason to end.
proxy.on('error', () => {});

const server = createNodeServer().on('upgrade', (request, socket, head) => proxy.ws(request, socket, head));
server.listen(LISTEN);
