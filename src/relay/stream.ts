import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';

/** Lets go at once. Plain TCP is reset, so that unread data does not keep the kernel waiting; others can only be destroyed. */
export function resetStream(stream: Duplex): void {
  if (canReset(stream) && !stream.destroyed) stream.resetAndDestroy();
  else stream.destroy();
}

/** A plain TCP socket, or a stream that stands for one. */
const canReset = (stream: Duplex): stream is Duplex & { resetAndDestroy(): unknown } =>
  'resetAndDestroy' in stream && !(stream instanceof TLSSocket);
