import type { LookupFunction, Socket } from 'node:net';
import { destroyBroken } from '../../base/broken-socket.ts';
import type { Withdrawable } from '../../base/withdrawal.ts';
import { openSocket } from '../open-socket.ts';
import type { Place } from '../pool/member.ts';

/** Opens TCP, and TLS for `wss://`. The socket is destroyed when the probe is withdrawn, at any time. */
export function openForProbe(
  { endpoint, tls }: Place,
  { lookup, timeoutMs }: { readonly lookup: LookupFunction; readonly timeoutMs: number },
  withdrawal: Withdrawable,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = openSocket(endpoint, tls, lookup, timeoutMs);
    const stopWaiting = withdrawal.onWithdrawn(() => void socket.destroy());
    socket.on('error', destroyBroken);
    socket.on('error', reject);
    socket.on('close', () => {
      stopWaiting();
      reject(new Error('the connection was closed'));
    });
    socket.on(tls === null ? 'connect' : 'secureConnect', () => resolve(socket));
  });
}
