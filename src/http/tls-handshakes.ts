import type { Duplex } from 'node:stream';

interface Underway {
  readonly raw: Duplex;
  readonly onClose: () => void;
}

/**
 * Sockets whose TLS handshake is under way. Node gives the raw socket first and, once it is done, another one that
 * wraps it; the peer's address and port tell which belongs to which.
 */
export class TlsHandshakes {
  readonly #underway = new Map<string, Underway>();

  began(raw: Duplex): void {
    const key = peerOf(raw);
    const onClose = () => {
      if (this.#underway.get(key)?.raw === raw) this.#underway.delete(key);
    };
    this.#underway.set(key, { raw, onClose });
    raw.on('close', onClose);
  }

  /** Leaves nothing on the raw socket. */
  done(secure: Duplex): void {
    const key = peerOf(secure);
    const handshake = this.#underway.get(key);
    if (handshake === undefined) return;
    this.#underway.delete(key);
    handshake.raw.off('close', handshake.onClose);
  }

  destroyAll(): void {
    for (const { raw } of [...this.#underway.values()]) raw.destroy();
  }
}

function peerOf(socket: Duplex): string {
  if (!('remoteAddress' in socket) || !('remotePort' in socket)) return '';
  return `${String(socket.remoteAddress)}|${String(socket.remotePort)}`;
}
