import type { Cancel, Clock } from '../base/clock.ts';
import { holdProcess } from '../base/hold-process.ts';
import type { Logger } from '../base/logger.ts';
import { openDoors } from './doors.ts';
import { Entrance } from './entrance.ts';
import type { ServerTimeouts } from './http-server.ts';
import { Intake, type IntakeParts, type IntakeSettings } from './intake.ts';
import { ACCEPT_WARNING_EVERY_MS, HAND_OVER_CHECK_MS, HAND_OVER_MS, LINGER_MS } from './limits.ts';
import { listen } from './listen.ts';
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
  /** A listening TCP socket of this process, to be used in place of `settings.address`: its descriptor. */
  readonly fd?: number | undefined;
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
  /**
   * Stops listening, for another process that goes on with the same socket. Goes on serving what was accepted already:
   * resolves when all of that has been answered, after `HAND_OVER_MS` at the latest.
   */
  handOver(): Promise<void>;
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
    async listen() {
      const bound = await listen(server, settings.address, parts.fd);
      // Out of descriptors on accept (EMFILE), above all: the listener lives on.
      server.on('error', acceptFailures(logger, clock));
      return { ...bound, tls: tls !== null };
    },
    async handOver() {
      server.close();
      await untilServed(() => sockets.areBusy || entrance.hasWaiting, clock);
    },
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

/** Resolves when nobody waits any more for a first answer, or after `HAND_OVER_MS`. */
function untilServed(isBusy: () => boolean, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const endsAt = clock.now() + HAND_OVER_MS;
    const release = holdProcess();
    const cancel = clock.every(HAND_OVER_CHECK_MS, () => {
      if (isBusy() && clock.now() < endsAt) return;
      cancel();
      release();
      resolve();
    });
  });
}
