import { clientKey } from '../base/client-key.ts';
import type { Exchange } from '../http/exchange.ts';
import { queryName, queryPairs } from '../upstream/endpoint.ts';
import { isToken } from '../websocket/tokens.ts';

/** What of a request is hashed; `null` when it has no such thing. */
export type HashKey = (exchange: HashedRequest) => string | null;

/** As much of an exchange as can be hashed. */
export type HashedRequest = Pick<Exchange, 'client' | 'outgoing' | 'params'>;

export type HashKeyVerdict =
  | { readonly ok: true; readonly key: HashKey }
  | { readonly ok: false; readonly problem: string };

// What goes upstream, so that a middleware can put in what it knows of the user.
const SOURCES: Readonly<Record<string, (name: string) => HashKey>> = {
  header:
    (name) =>
    ({ outgoing }) =>
      outgoing.headers.get(name) ?? null,
  cookie:
    (name) =>
    ({ outgoing }) =>
      cookie(outgoing.headers.getAll('cookie'), name),
  query:
    (name) =>
    ({ outgoing }) =>
      queryValue(outgoing.query, name),
  param:
    (name) =>
    ({ params }) =>
      params[name] ?? null,
};

const EXPECTED = 'must be ip, header:NAME, cookie:NAME, query:NAME or param:NAME';

/** Reads what to hash on: `ip`, `header:NAME`, `cookie:NAME`, `query:NAME` or `param:NAME`. */
export function parseHashKey(text: string): HashKeyVerdict {
  // An address of IPv6 changes within its /64 by itself.
  if (text === 'ip') return { ok: true, key: ({ client }) => clientKey(client.address) || null };
  const colon = text.indexOf(':');
  const [source, name] = [text.slice(0, colon), text.slice(colon + 1)];
  const reader = colon > 0 && Object.hasOwn(SOURCES, source) ? SOURCES[source] : undefined;
  if (reader === undefined) return { ok: false, problem: EXPECTED };
  if (name === '') return { ok: false, problem: `needs a name: ${source}:NAME` };
  if ((source === 'header' || source === 'cookie') && !isToken(name))
    return { ok: false, problem: `has a name that no ${source} can have` };
  const read = reader(name);
  return { ok: true, key: (exchange) => read(exchange) || null };
}

// RFC 6265 §5.4: names compare exactly, and the first of a name counts.
function cookie(lines: readonly string[], name: string): string | null {
  for (const pair of lines.join(';').split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return null;
}

function queryValue(query: string, name: string): string | null {
  const pair = queryPairs(query).find((each) => queryName(each) === name);
  return pair === undefined ? null : pair.slice(pair.indexOf('=') + 1);
}
