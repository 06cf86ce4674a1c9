import type { HeaderList } from '../base/header-list.ts';
import { hopByHopOf } from './hop-by-hop.ts';
import { plainAddress } from './trust.ts';

/** Where a request came from. */
export interface Origin {
  /** The other end of the TCP connection. */
  readonly peer: string;
  /** Whether the peer is in `server.trustedProxies`. */
  readonly trusted: boolean;
  /** Whether the peer's own connection is encrypted. */
  readonly encrypted: boolean;
  /** The client, which may be far behind the peer. */
  readonly client: string;
  /** The request's effective `Host`. */
  readonly host: string;
  readonly requestId: string;
}

// The handshake's own, message framing, and what a hop answers by itself.
const isForwarded = (name: string): boolean =>
  name !== 'content-length' &&
  name !== 'expect' &&
  !name.startsWith('sec-websocket-') &&
  !name.startsWith('x-wsfw-');

const isAboutOrigin = (name: string): boolean =>
  name === 'forwarded' || name === 'x-real-ip' || name.startsWith('x-forwarded-');

/** The client's end-to-end headers, in order, with those that say where it came from set. */
export function outgoingHeaders(received: HeaderList, origin: Origin): HeaderList {
  const endsHere = hopByHopOf(received);
  const headers = received.only(
    (name) => !endsHere(name) && isForwarded(name) && (origin.trusted || !isAboutOrigin(name)),
  );
  const proto = origin.encrypted ? 'https' : 'http';
  appendToList(headers, 'X-Forwarded-For', origin.peer);
  if (!headers.has('x-forwarded-proto')) headers.append('X-Forwarded-Proto', proto);
  if (!headers.has('x-forwarded-host')) headers.append('X-Forwarded-Host', origin.host);
  if (!headers.has('x-real-ip')) headers.append('X-Real-IP', origin.client);
  // A list that a trusted proxy did not keep would say too little if it began with us.
  if (!origin.trusted || headers.has('forwarded'))
    appendToList(headers, 'Forwarded', forwardedElement(origin, proto));
  headers.set('X-Request-Id', origin.requestId);
  return headers;
}

/** Whether the client's own connection is encrypted, as far as a trusted proxy tells. */
export function isEncrypted(headers: HeaderList, peerEncrypted: boolean, trusted: boolean): boolean {
  const told = trusted ? headers.get('x-forwarded-proto')?.trim().toLowerCase() : undefined;
  return told === undefined ? peerEncrypted : told === 'https' || told === 'wss';
}

function appendToList(headers: HeaderList, name: string, element: string): void {
  headers.set(name, [...headers.getAll(name).filter((value) => value.trim() !== ''), element].join(', '));
}

// RFC 7239 §4 and §6: IPv6 in brackets and quotes.
function forwardedElement({ peer, host }: Origin, proto: string): string {
  const plain = plainAddress(peer);
  const node = plain === null ? 'unknown' : plain.includes(':') ? `"[${plain}]"` : plain;
  return `for=${node};host="${host.replace(/["\\]/g, '\\$&')}";proto=${proto}`;
}
