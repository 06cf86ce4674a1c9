import type { Duplex } from 'node:stream';

/**
 * The `error` listener of a socket: without any, its error would end the process. It also ends the socket, since one of
 * TLS stays open after a broken record (Node 20 reports the error and does nothing else).
 */
export function destroyBroken(this: Duplex, error: Error): void {
  this.destroy(error);
}
