import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { certificates } from '../../../test/support/certificates/index.ts';
import { within } from '../../../test/support/deadline.ts';

/** As the listener and the dialer set it: the relay's bound on memory rests on it. */
const HIGH_WATER_MARK_BYTES = 16_384;

/** Two ends of one connection. */
export interface SocketPair {
  readonly accepted: Socket;
  readonly dialed: Socket;
  /** The same below TLS, if there is any. */
  readonly tcp: { readonly accepted: Socket; readonly dialed: Socket };
}

/** Makes connections over loopback, one at a time. */
export class SocketSource {
  readonly #tls: boolean;
  readonly #server: Server;

  private constructor(tls: boolean) {
    const options = { allowHalfOpen: true, highWaterMark: HIGH_WATER_MARK_BYTES };
    this.#tls = tls;
    this.#server = tls ? createTlsServer({ ...options, ...certificates.server }) : createServer(options);
  }

  static async listen(tls: boolean): Promise<SocketSource> {
    const source = new SocketSource(tls);
    source.#server.listen(0, '127.0.0.1');
    await within(once(source.#server, 'listening'), 'listening server');
    return source;
  }

  /** @param allowHalfOpen whether the dialed end may go on writing after it read a FIN. */
  async pair(allowHalfOpen: boolean): Promise<SocketPair> {
    const { port } = this.#server.address() as AddressInfo;
    const target = { port, host: '127.0.0.1', allowHalfOpen, highWaterMark: HIGH_WATER_MARK_BYTES };
    const tcpArrival = once(this.#server, 'connection');
    const arrival = this.#tls ? once(this.#server, 'secureConnection') : tcpArrival;
    const tcp = connect(target);
    const dialed = this.#tls ? connectTls({ ...target, socket: tcp, ca: certificates.ca }) : tcp;
    const connected = once(dialed, this.#tls ? 'secureConnect' : 'connect');
    await within(Promise.all([arrival, connected]), 'connection');
    const [[accepted], [acceptedTcp]] = (await Promise.all([arrival, tcpArrival])) as [[Socket], [Socket]];
    for (const socket of [accepted, dialed]) socket.setNoDelay(true);
    return { accepted, dialed, tcp: { accepted: acceptedTcp, dialed: tcp } };
  }

  async close(): Promise<void> {
    this.#server.close();
    await within(once(this.#server, 'close'), 'close of the server');
  }
}

/**
 * Resolves when nothing is under way between the sockets: what was written was read, unless the reader is paused, what
 * was ended was seen to end, and the loop turned twice without a change.
 */
export async function settle(links: readonly (readonly [Socket, Socket])[]): Promise<void> {
  const sockets = links.flat();
  const ways = links.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]);
  const deadline = performance.now() + 5000;
  let before = '';
  for (let quiet = 0; quiet < 2; ) {
    if (performance.now() > deadline) throw new Error(`not settled: ${before}`);
    await new Promise((resolve) => setImmediate(resolve));
    const now = sockets.map(progress).join();
    const isQuiet = now === before && !ways.some(([from, to]) => isUnderWay(from, to));
    quiet = isQuiet ? quiet + 1 : 0;
    before = now;
  }
}

function progress(socket: Socket): string {
  const { bytesRead, bytesWritten, writableLength, readableEnded, closed } = socket;
  return `${bytesRead}/${bytesWritten}/${writableLength}/${readableEnded}/${closed}`;
}

function isUnderWay(from: Socket, to: Socket): boolean {
  if (to.destroyed || to.isPaused()) return false;
  if (from.destroyed || from.writableFinished) return !to.readableEnded;
  return to.bytesRead < from.bytesWritten;
}
