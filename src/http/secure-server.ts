import type { Duplex } from 'node:stream';
import { createServer, type Server } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import { WsfwError } from '../base/errors.ts';
import { TCP_OPTIONS } from './http-server.ts';
import { TlsHandshakes } from './tls-handshakes.ts';

/** Node's timers take 24.8 days at most. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Certificate chain and key, in PEM. */
export interface ListenerTls {
  readonly cert: string;
  readonly key: string;
}

/** Does the TLS handshake with every socket, and passes it on. */
export class SecureServer {
  readonly server: Server;
  readonly #handshakes: TlsHandshakes;
  #tls: ListenerTls;
  #withinMs: number;

  /**
   * @param withinMs how long a handshake may take; `0` for ever.
   * @param pass takes each socket when its handshake is done.
   * @throws `WSFW_TLS_FILE` when the certificate or key cannot be used.
   */
  constructor(tls: ListenerTls, withinMs: number, clock: Clock, pass: (socket: Duplex) => void) {
    this.#tls = tls;
    this.#withinMs = withinMs;
    this.#handshakes = new TlsHandshakes(clock);
    this.server = useTls(() => createSecureServer(tls));
    this.server.on('connection', (socket: Duplex) => this.#handshakes.began(socket, this.#withinMs));
    // Node has told the client why, as far as TLS can.
    this.server.on('tlsClientError', (_error, socket) => void socket.destroy());
    this.server.on('secureConnection', (socket) => {
      this.#handshakes.done(socket);
      pass(socket);
    });
  }

  /**
   * Shows another certificate from the next handshake on.
   * @throws `WSFW_TLS_FILE` when the certificate or key cannot be used; nothing has changed then.
   */
  configure(tls: ListenerTls, withinMs: number): void {
    // Another context makes every client's TLS session unknown.
    if (tls.cert !== this.#tls.cert || tls.key !== this.#tls.key) {
      useTls(() => this.server.setSecureContext({ cert: tls.cert, key: tls.key }));
    }
    this.#tls = tls;
    this.#withinMs = withinMs;
  }

  /** How many handshakes are under way. */
  get waiting(): number {
    return this.#handshakes.size;
  }

  /** Ends the connections whose handshake is under way. */
  destroyWaiting(): void {
    this.#handshakes.destroyAll();
  }
}

function createSecureServer({ cert, key }: ListenerTls): Server {
  return createServer({
    ...TCP_OPTIONS,
    // The deadline is ours, since Node's cannot be changed later.
    handshakeTimeout: MAX_TIMER_MS,
    ALPNProtocols: ['http/1.1'],
    cert,
    key,
  });
}

function useTls<T>(use: () => T): T {
  try {
    return use();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new WsfwError('WSFW_TLS_FILE', `the certificate or its key cannot be used: ${message}`, { cause });
  }
}
