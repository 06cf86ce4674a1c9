import type { Server } from 'node:net';
import { WsfwError } from '../base/errors.ts';

/** Connections that wait to be accepted. */
const BACKLOG = 1024;

interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Lets a server listen on an address, or on a listening socket of this process.
 * @returns where it is bound.
 * @throws `WSFW_ADDRESS_IN_USE` or `WSFW_ADDRESS_UNAVAILABLE`, naming the address or the descriptor.
 */
export async function listen(server: Server, address: Address, fd: number | undefined): Promise<Address> {
  const where = fd === undefined ? address : { fd };
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error) =>
      reject('fd' in where ? fdError(where.fd, error) : listenError(error, address));
    server.once('error', onError);
    server.listen({ ...where, backlog: BACKLOG }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  const bound = server.address();
  if (bound !== null && typeof bound === 'object') return { host: bound.address, port: bound.port };
  server.close();
  throw fdError(fd ?? -1, new Error('it is no TCP socket'));
}

function listenError(error: Error, { host, port }: Address): Error {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const code = 'code' in error ? error.code : '';
  if (code === 'EADDRINUSE') {
    const message =
      `the gateway wanted ${address} (server.address), but something else listens there. ` +
      `Stop that program (\`lsof -nP -iTCP:${port} -sTCP:LISTEN\` names it), or choose another address.`;
    return new WsfwError('WSFW_ADDRESS_IN_USE', message, { cause: error });
  }
  const message = `the gateway cannot listen on ${address} (server.address): ${error.message}`;
  return new WsfwError('WSFW_ADDRESS_UNAVAILABLE', message, { cause: error });
}

function fdError(fd: number, cause: Error): Error {
  const message = `the gateway cannot listen on the socket that it was given (descriptor ${fd}): ${cause.message}`;
  return new WsfwError('WSFW_ADDRESS_UNAVAILABLE', message, { cause });
}
