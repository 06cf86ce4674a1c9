import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { within } from './deadline.ts';

/** Copies bytes between two sockets and knows nothing of WebSocket: what a transparent gateway is measured against. */
export async function startBareRelay(
  upstreamPort: number,
): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.on('close', () => sockets.delete(socket));
    return socket.setNoDelay(true);
  };
  const server = createServer((client) => {
    const upstream = keep(connect(upstreamPort, '127.0.0.1'));
    keep(client).pipe(upstream).pipe(client);
  });
  server.listen(0, '127.0.0.1');
  await within(once(server, 'listening'), 'listening relay');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await within(closed, 'close of the relay');
    },
  };
}
