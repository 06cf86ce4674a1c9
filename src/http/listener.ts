import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Cancel, Clock } from '../base/clock.ts';
import { WsfwError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { openDoors } from './doors.ts';
import { Intake, type IntakeParts, type IntakeSettings } from './intake.ts';
import { ACCEPT_WARNING_EVERY_MS, LINGER_MS } from './limits.ts';
import { createNodeServer, type ListenerTls, type ServerTimeouts } from './node-server.ts';
import { OpenSockets } from './open-sockets.ts';
import { createReplayServer } from './replay-server.ts';
import { TlsHandshakes } from './tls-handshakes.ts';

export type { ListenerTls } from './node-server.ts';

export interface ListenerSettings extends IntakeSettings, ServerTimeouts {
  /** `0` as port takes a free one. */
  readonly address: { readonly host: string; readonly port: number };
}

export interface ListenerParts extends Omit<IntakeParts, 'sockets' | 'settings'> {
  readonly settings: ListenerSettings;
  /** `null` for plain HTTP. */
  readonly tls: ListenerTls | null;
}

/** Where a listener is bound. */
export interface BoundAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

export interface ListenerStats {
  /** Sockets that are HTTP's: those handed over to a relay do not count. */
  readonly sockets: number;
  /** Upgrades that nobody has decided on yet. */
  readonly pendingHandshakes: number;
}

export interface Listener {
  /** Rejects with `WSFW_ADDRESS_IN_USE` or `WSFW_ADDRESS_UNAVAILABLE`, naming the address. */
  listen(): Promise<BoundAddress>;
  /**
   * Goes on with other settings, and another certificate, from the next request and TLS handshake on. What it listens on
   * stays as it is, and whether it does so with TLS.
   * @throws what `createListener` does.
   */
  configure(settings: Omit<ListenerSettings, 'address'>, tls: ListenerTls | null): void;
  /** Goes on listening, but takes no upgrade (503), is not ready, and ends each connection with its next answer. */
  drain(): void;
  /**
   * Drains and stops listening. Resolves when every socket that is HTTP's is gone: idle ones at once, the others when
   * they are answered, whatever is left after `withinMs`; upgrades that are undecided by then get 503. Sockets handed over
   * live on.
   */
  close(withinMs: number): Promise<void>;
  stats(): ListenerStats;
}

/** @throws `WSFW_TLS_FILE` when the certificate or key cannot be used. */
export function createListener(parts: ListenerParts): Listener {
  const { settings, clock, tls, logger } = parts;
  const sockets = new OpenSockets();
  const intake = new Intake({ ...parts, sockets });
  const outer = createNodeServer(settings, tls);
  const { server } = outer;
  // An HTTPS server takes sockets before their TLS handshake only.
  const inner = tls === null ? outer : createReplayServer(settings, clock);
  const again = (socket: Duplex) => void inner.server.emit('connection', socket);
  for (const one of new Set([outer, inner])) openDoors(one.server, { intake, sockets, clock, logger, again });
  let { readTimeoutMs } = settings;
  let certificate = tls;
  const handshakes = tls === null ? null : new TlsHandshakes(clock);
  track(server, sockets, handshakes, () => readTimeoutMs);

  let closing: Promise<void> | null = null;
  const close = async (withinMs: number) => {
    intake.drain();
    server.close();
    handshakes?.destroyAll();
    sockets.endIdle();
    let cancel: Cancel = () => {};
    const cutShort = () => {
      intake.turnAway();
      sockets.destroyUnfinished();
      cancel = clock.after(LINGER_MS, () => sockets.destroyAll());
    };
    if (withinMs <= 0) cutShort();
    else cancel = clock.after(withinMs, cutShort);
    await sockets.empty();
    cancel();
  };
  return {
    listen: () => listen(server, settings.address, tls !== null, acceptFailures(logger, clock)),
    configure(later, laterTls) {
      // Another context makes every client's TLS session unknown.
      if (laterTls !== null && !isSame(laterTls, certificate)) outer.setTls(laterTls);
      intake.configure(later);
      certificate = laterTls;
      ({ readTimeoutMs } = later);
      for (const one of new Set([outer, inner])) one.setTimeouts(later);
    },
    drain: () => intake.drain(),
    close: (withinMs) => (closing ??= close(withinMs)),
    stats: () => ({ sockets: sockets.size, pendingHandshakes: intake.pending }),
  };
}

const isSame = (one: ListenerTls, other: ListenerTls | null): boolean =>
  one.cert === other?.cert && one.key === other.key;

/** Keeps count of the sockets: with TLS, those whose handshake is not complete apart. */
function track(
  server: Server,
  sockets: OpenSockets,
  handshakes: TlsHandshakes | null,
  handshakeTimeoutMs: () => number,
): void {
  if (handshakes === null) {
    server.on('connection', (socket) => sockets.add(socket));
    return;
  }
  server.on('connection', (socket) => handshakes.began(socket, handshakeTimeoutMs()));
  server.on('secureConnection', (socket: Duplex) => {
    handshakes.done(socket);
    sockets.add(socket);
  });
}

/** Logs that connections cannot be accepted, but not once for each of them. */
function acceptFailures(logger: Logger, clock: Clock): (error: Error) => void {
  let quietUntil = 0;
  return (error) => {
    if (clock.now() < quietUntil) return;
    quietUntil = clock.now() + ACCEPT_WARNING_EVERY_MS;
    logger.warn({ err: error }, 'connections cannot be accepted');
  };
}

function listen(
  server: Server,
  { host, port }: ListenerSettings['address'],
  tls: boolean,
  onAcceptError: (error: Error) => void,
) {
  return new Promise<BoundAddress>((resolve, reject) => {
    const onError = (error: Error) => reject(listenError(error, host, port));
    server.once('error', onError);
    server.listen({ host, port, backlog: 1024 }, () => {
      server.off('error', onError);
      // Out of descriptors on accept (EMFILE), above all: the listener lives on.
      server.on('error', onAcceptError);
      const bound = server.address() as AddressInfo;
      resolve({ host: bound.address, port: bound.port, tls });
    });
  });
}

function listenError(error: Error, host: string, port: number): Error {
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const code = 'code' in error ? error.code : '';
  if (code === 'EADDRINUSE') {
    const message =
      `the gateway wanted ${address} (server.address), but something else listens there. ` +
      `Stop that program (\`lsof -nP -iTCP:${port} -sTCP:LISTEN\` names it), or choose another address.`;
    return new WsfwError('WSFW_ADDRESS_IN_USE', message, { cause: error });
  }
  const message = `the gateway cannot listen on ${address} (server.address): ${error.message}`;
  return new WsfwError('WSFW_ADDRESS_UNAVAILABLE', message, { cause: error });
}
