import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Cancel, Clock } from '../../base/clock.ts';
import { encodeClose } from '../../websocket/frame.ts';

/** Lets an upstream go that has closed: its close is answered (RFC 6455 §5.5.1), then TCP ends, within a limit. */
export class Departure {
  readonly #socket: Duplex;
  readonly #stopTimer: Cancel;

  /** @param code of its close frame. */
  constructor(socket: Duplex, code: number, clock: Clock, limitMs: number) {
    this.#socket = socket;
    const stopTimer = clock.after(limitMs, () => socket.destroy());
    this.#stopTimer = stopTimer;
    if (socket.destroyed) stopTimer();
    socket.once('close', () => stopTimer());
    socket.resume();
    socket.end(encodeClose(code, '', randomBytes(4)));
  }

  /** Releases the socket at once. */
  hurry(): void {
    this.#stopTimer();
    this.#socket.destroy();
  }
}
