// The floor: the least that a proxy on Node can do. It dials, passes the handshake on, and from then on writes what
// it reads, each way. No frames, no limits, no backpressure, no deadlines: not for use, only to compare with.
import { connect } from 'node:net';
import { createNodeServer, LISTEN, UPSTREAM_PORT } from '../node-server.mjs';

const server = createNodeServer().on('upgrade', (request, client, head) => {
  const upstream = connect({ port: UPSTREAM_PORT, host: '127.0.0.1', noDelay: true });
  const fields = request.rawHeaders.map((text, index) => text + (index % 2 === 0 ? ': ' : '\r\n'));
  upstream.write(`GET /ws HTTP/1.1\r\n${fields.join('')}\r\n`);
  if (head.length > 0) upstream.write(head);
  client.on('data', (chunk) => upstream.write(chunk)).on('end', () => upstream.end());
  upstream.on('data', (chunk) => client.write(chunk)).on('end', () => client.end());
  client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
  upstream.on('error', () => client.destroy()).on('close', () => client.destroy());
});
server.listen(LISTEN);
