import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Cancel, Clock } from '../base/clock.ts';

interface Underway {
  readonly raw: Duplex;
  readonly onClose: () => void;
  readonly cancel: Cancel;
}

/**
 * Sockets whose TLS handshake is under way. Node gives the raw socket first and, once it is done, another one that
 * wraps it; the addresses and ports of both ends tell which belongs to which. One that takes too long is ended.
 */
export class TlsHandshakes {
  readonly #underway = new Map<string, Underway>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#underway.size;
  }

  /** @param withinMs how long it may take; `0` for ever. */
  began(raw: Duplex, withinMs: number): void {
    const key = connectionKey(raw);
    const cancel = withinMs > 0 ? this.#clock.after(withinMs, () => raw.destroy()) : () => {};
    const onClose = () => {
      cancel();
      if (this.#underway.get(key)?.raw === raw) this.#underway.delete(key);
    };
    this.#underway.set(key, { raw, onClose, cancel });
    raw.on('close', onClose);
  }

  /** Leaves nothing on the raw socket. */
  done(secure: Duplex): void {
    const key = connectionKey(secure);
    const handshake = this.#underway.get(key);
    if (handshake === undefined) return;
    this.#underway.delete(key);
    handshake.cancel();
    handshake.raw.off('close', handshake.onClose);
  }

  destroyAll(): void {
    for (const { raw } of [...this.#underway.values()]) raw.destroy();
  }
}

/**
 * What a socket and the one that wraps it for TLS have in common: both ends of the connection, since a client may use one
 * port towards several addresses of ours.
 */
export function connectionKey(socket: object): string {
  const { remoteAddress, remotePort, localAddress, localPort }: Partial<Socket> = socket;
  return `${remoteAddress}|${remotePort}|${localAddress}|${localPort}`;
}
