import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { HeaderList } from '../base/header-list.ts';
import type { Logger } from '../base/logger.ts';
import { isEncrypted } from './forwarded.ts';
import type { ProxiedSource } from './proxy-header.ts';
import { clientAddress, plainAddress, type Trust } from './trust.ts';

/** Who sent a request, as far as that can be believed. */
export interface ClientFacts {
  /** The other end of the TCP connection. */
  readonly peer: string;
  /** Whether the peer is a trusted proxy. */
  readonly trusted: boolean;
  /** Whether the peer's connection is encrypted. */
  readonly peerEncrypted: boolean;
  readonly address: string;
  readonly encrypted: boolean;
}

/**
 * Reads who sent a request. Warns once of a proxy that nobody declared.
 * @param sourceOf whose connection a load balancer says it is; that one counts as the peer then.
 */
export function clientReader(
  trust: Trust,
  logger: Logger,
  sourceOf: (socket: Duplex) => ProxiedSource | null,
): (socket: Duplex, headers: HeaderList) => ClientFacts {
  let warned = false;
  return (socket, headers) => {
    const remote =
      sourceOf(socket)?.address ?? ('remoteAddress' in socket ? socket.remoteAddress : undefined);
    const peer = typeof remote === 'string' ? (plainAddress(remote) ?? remote) : 'unknown';
    const trusted = trust(peer);
    const forwardedFor = headers.getAll('x-forwarded-for');
    if (!trusted && forwardedFor.length > 0 && !warned) {
      warned = true;
      logger.warn({ peer }, 'X-Forwarded-For from a proxy nobody declared: add it to server.trustedProxies');
    }
    const peerEncrypted = socket instanceof TLSSocket;
    return {
      peer,
      trusted,
      peerEncrypted,
      address: trusted ? clientAddress(peer, forwardedFor, trust) : peer,
      encrypted: isEncrypted(headers, peerEncrypted, trusted),
    };
  };
}
