import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** Lets go at once. Plain TCP is reset, so that unread data does not keep the kernel waiting; others can only be destroyed. */
export function resetStream(stream: Duplex): void {
  if (stream instanceof Socket && !(stream instanceof TLSSocket) && !stream.destroyed)
    stream.resetAndDestroy();
  else stream.destroy();
}
