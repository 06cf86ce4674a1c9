import type { AddressInfo, Server } from 'node:net';
import type { Cancel, Clock } from '../base/clock.ts';
import { WsfwError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { openDoors } from './doors.ts';
import { Entrance } from './entrance.ts';
import type { ServerTimeouts } from './http-server.ts';
import { Intake, type IntakeParts, type IntakeSettings } from './intake.ts';
import { ACCEPT_WARNING_EVERY_MS, LINGER_MS } from './limits.ts';
import { OpenSockets } from './open-sockets.ts';
import type { ListenerTls } from './secure-server.ts';

export type { ListenerTls } from './secure-server.ts';

export interface ListenerSettings extends IntakeSettings, ServerTimeouts {
  /** `0` as port takes a free one. */
  readonly address: { readonly host: string; readonly port: number };
  /** Whether connections of trusted proxies begin with a PROXY header. */
  readonly proxyProtocol: boolean;
}

export interface ListenerParts extends Omit<IntakeParts, 'sockets' | 'sourceOf' | 'settings'> {
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
   * stays as it is, and whether it does so with TLS or the PROXY protocol.
   * @throws what `createListener` does.
   */
  configure(settings: Omit<ListenerSettings, 'address' | 'proxyProtocol'>, tls: ListenerTls | null): void;
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
  const entrance = new Entrance({
    timeouts: settings,
    tls,
    proxies: settings.proxyProtocol ? (address) => intake.trusts(address) : null,
    clock,
    logger,
  });
  const { server, http } = entrance;
  const intake = new Intake({ ...parts, sockets, sourceOf: (socket) => entrance.sourceOf(socket) });
  http.server.on('connection', (socket) => sockets.add(socket));
  openDoors(http.server, { intake, sockets, clock, logger, again: (socket) => entrance.again(socket) });

  let closing: Promise<void> | null = null;
  const close = async (withinMs: number) => {
    intake.drain();
    server.close();
    entrance.destroyWaiting();
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
      entrance.configure(later, laterTls);
      intake.configure(later);
    },
    drain: () => intake.drain(),
    close: (withinMs) => (closing ??= close(withinMs)),
    stats: () => ({ sockets: sockets.size, pendingHandshakes: intake.pending }),
  };
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
