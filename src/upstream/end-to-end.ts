import type { HeaderList } from '../base/header-list.ts';

// RFC 9110 §7.6.1: what concerns one connection only, whether or not Connection names it.
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
] as const;

/** The headers of an upstream's answer that are meant for the client, with their order and spelling. */
export function endToEnd(headers: HeaderList): HeaderList {
  const hop = new Set<string>(HOP_BY_HOP);
  for (const value of headers.getAll('connection')) {
    for (const name of value.split(',')) hop.add(name.trim().toLowerCase());
  }
  const kept = headers.clone();
  kept.filter((name) => !hop.has(name));
  return kept;
}

/** As above for a 101: the handshake's own fields and a length that means nothing are left out. */
export function acceptedHeaders(headers: HeaderList): HeaderList {
  const kept = endToEnd(headers);
  kept.filter((name) => name !== 'content-length' && !name.startsWith('sec-websocket-'));
  return kept;
}
