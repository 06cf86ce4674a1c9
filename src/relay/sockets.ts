import type { Duplex } from 'node:stream';
import { destroyBroken } from '../base/broken-socket.ts';
import { DirectSocket } from '../base/direct-socket.ts';
import { End } from './end.ts';

/**
 * The sockets of all relays of an engine. They share their listeners, which look up whose socket it is: a set of
 * closures for each would weigh more than all that an idle connection has to remember.
 */
export class Sockets {
  /** Whose the streams are. A direct socket knows that by itself, which takes less room. */
  readonly #ends = new Map<Duplex, End>();
  readonly #listeners = this.#makeListeners();

  /** Begins with the bytes that came with the handshake, then with whatever comes. */
  take(end: End, head: Uint8Array): void {
    const { stream } = end;
    const { data, drain, end: ended, close } = this.#listeners;
    const direct = stream instanceof DirectSocket;
    if (direct) stream.reader = end;
    else this.#ends.set(stream, end);
    if (stream.listenerCount('error') === 0) stream.on('error', destroyBroken);
    stream.on('close', close).on('end', ended).on('drain', drain);
    if (head.length > 0) end.owner.gotData(end, head);
    if (!direct) stream.on('data', data);
    // What happened before anybody listened is not told again.
    if (stream.readableEnded) end.owner.gotEnd(end);
    if (stream.closed) this.#release(stream);
    else if (!end.paused) stream.resume();
  }

  #release(stream: Duplex): void {
    const end = this.#endOf(stream);
    if (end === null) return;
    const { data, drain, end: ended, close } = this.#listeners;
    if (stream instanceof DirectSocket) stream.reader = null;
    else this.#ends.delete(stream);
    stream.off('data', data).off('drain', drain).off('end', ended).off('close', close);
    end.owner.gotClose(end, stream.errored);
  }

  #endOf(stream: Duplex): End | null {
    if (!(stream instanceof DirectSocket)) return this.#ends.get(stream) ?? null;
    return stream.reader instanceof End ? stream.reader : null;
  }

  #makeListeners() {
    const endOf = (stream: Duplex): End | null => this.#endOf(stream);
    const release = (stream: Duplex): void => this.#release(stream);
    return {
      data(this: Duplex, chunk: Uint8Array): void {
        const end = endOf(this);
        if (end !== null) end.owner.gotData(end, chunk);
      },
      drain(this: Duplex): void {
        endOf(this)?.drained();
      },
      end(this: Duplex): void {
        const end = endOf(this);
        if (end !== null) end.owner.gotEnd(end);
      },
      close(this: Duplex): void {
        release(this);
      },
    };
  }
}
