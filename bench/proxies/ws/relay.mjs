// What most people write: two `ws` sockets, messages handed from one to the other. Compression is off, UTF-8 is not
// checked and nobody keeps a list of clients, which is the fastest that `ws` has for this. `ws` masks with `bufferutil`
// where that is installed, as `npm run bench:setup` does: large messages cost a third with it.
import WebSocket, { WebSocketServer } from 'ws';
import { createNodeServer, LISTEN, UPSTREAM_PORT } from '../node-server.mjs';

const upstreamUrl = `ws://127.0.0.1:${UPSTREAM_PORT}/ws`;
const options = { perMessageDeflate: false, skipUTF8Validation: true };

const server = createNodeServer();
new WebSocketServer({ ...options, server, clientTracking: false }).on('connection', (client) => {
  const upstream = new WebSocket(upstreamUrl, options);
  /** @type {[WebSocket.RawData, boolean][]} */
  let early = [];
  client.on('message', (data, isBinary) => {
    if (upstream.readyState === WebSocket.CONNECTING) early.push([data, isBinary]);
    else upstream.send(data, { binary: isBinary });
  });
  upstream.on('open', () => {
    for (const [data, isBinary] of early) upstream.send(data, { binary: isBinary });
    early = [];
  });
  upstream.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
  client.on('error', () => upstream.terminate()).on('close', () => upstream.close());
  upstream.on('error', () => client.terminate()).on('close', () => client.close());
});
server.listen(LISTEN);
