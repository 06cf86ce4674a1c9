import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WsfwError } from '../base/errors.ts';

/** Loopback as `localhost` may resolve to it: IPv4 must work, IPv6 is used where the machine has it. */
const IPV4 = '127.0.0.1';
const IPV6 = '::1';

/**
 * Listens on 127.0.0.1 and, where there is one, on ::1, with one server each and the same port on both.
 * @param port `0` takes any free one.
 * @returns the port and the servers that listen.
 * @throws WsfwError `WSFW_ADDRESS_IN_USE`, `WSFW_ADDRESS_UNAVAILABLE`
 */
export async function listenOnLoopback(
  createServer: () => Server,
  port: number,
): Promise<{ readonly port: number; readonly servers: readonly Server[] }> {
  const first = createServer();
  await listen(first, IPV4, port).catch((error: unknown) => {
    throw explain(error, IPV4, port);
  });
  const bound = (first.address() as AddressInfo).port;
  const second = createServer();
  try {
    await listen(second, IPV6, bound);
    return { port: bound, servers: [first, second] };
  } catch (error) {
    if (isMissingFamily(error)) return { port: bound, servers: [first] };
    await closeServer(first);
    throw explain(error, IPV6, bound);
  }
}

/** Stops listening and lets go of every connection that is still open. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, ipv6Only: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function isMissingFamily(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT' || code === 'EPROTONOSUPPORT';
}

function explain(error: unknown, host: string, port: number): WsfwError {
  const address = host === IPV6 ? `[${host}]:${port}` : `${host}:${port}`;
  const cause = { cause: error };
  if (codeOf(error) === 'EADDRINUSE') {
    const message =
      `the demo upstream wanted port ${port}, but something else listens on ${address}. ` +
      `Stop that program (\`lsof -nP -iTCP:${port} -sTCP:LISTEN\` names it), or start without --demo.`;
    return new WsfwError('WSFW_ADDRESS_IN_USE', message, cause);
  }
  const why = error instanceof Error ? error.message : String(error);
  return new WsfwError(
    'WSFW_ADDRESS_UNAVAILABLE',
    `the demo upstream cannot listen on ${address}: ${why}`,
    cause,
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
