import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { ANSWER_TIMEOUT_MS, LINGER_MS } from './limits.ts';

/**
 * Ends a connection whose last answer was written, in stages (RFC 9112 §9.6): our half first, while what the client
 * still sends is read and discarded, since closing with unread bytes would send a reset that can destroy the answer.
 * Whoever calls goes on reading, or has called `resume()`. Bounded; the socket is destroyed in the end.
 */
export function lingerAndClose(socket: Duplex, clock: Clock): void {
  if (socket.destroyed) return;
  let cancel = clock.after(ANSWER_TIMEOUT_MS, () => socket.destroy());
  const onFlushed = () => {
    cancel();
    if (socket.readableEnded) {
      socket.destroy();
      return;
    }
    cancel = clock.after(LINGER_MS, () => socket.destroy());
    socket.once('end', () => socket.destroy());
  };
  socket.once('close', () => cancel());
  if (socket.writableFinished) onFlushed();
  else socket.end(onFlushed);
}
