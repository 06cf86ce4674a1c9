import type { HeaderList } from '../base/header-list.ts';

// RFC 9110 §7.6.1: what concerns one connection only, whether or not Connection names it.
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The headers of an upstream's answer that are meant for the client, with their order and spelling. */
export function endToEnd(headers: HeaderList): HeaderList {
  const endsHere = hopByHopOf(headers);
  return headers.only((name) => !endsHere(name));
}

/** As above for a 101: the handshake's own fields and a length that means nothing are left out. */
export function acceptedHeaders(headers: HeaderList): HeaderList {
  const endsHere = hopByHopOf(headers);
  return headers.only(
    (name) => !endsHere(name) && name !== 'content-length' && !name.startsWith('sec-websocket-'),
  );
}

function hopByHopOf(headers: HeaderList): (name: string) => boolean {
  const nominated = new Set<string>();
  for (const value of headers.getAll('connection')) {
    for (const name of value.split(',')) nominated.add(name.trim().toLowerCase());
  }
  return (name) => HOP_BY_HOP.has(name) || nominated.has(name);
}
