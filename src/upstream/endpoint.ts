import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

/** One dialable upstream, taken from its `ws://` or `wss://` URL. */
export interface Endpoint {
  /** The URL without its query, for logs and registries: a query may carry a key. */
  readonly name: string;
  /** `wss://`: TLS towards the upstream. */
  readonly secure: boolean;
  /** What to dial: a name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** `Host` of the request: IPv6 in brackets, no port where it is the scheme's own. */
  readonly authority: string;
  /** Raw, as configured, never empty. A segment that starts with `:name` takes the route's parameter. */
  readonly path: string;
  /** Raw, as configured, without `?`; `''` for none. */
  readonly query: string;
  /** Names of the placeholders in `path`, in order. */
  readonly placeholders: readonly string[];
  /** What stands before, between and after the placeholders: always one more than there are. */
  readonly literals: readonly string[];
  /** Decoded names of the pairs in `query`: the client's pairs of these names do not go upstream. */
  readonly fixedNames: ReadonlySet<string>;
}

export type EndpointVerdict =
  | { readonly ok: true; readonly endpoint: Endpoint }
  /** `problem` never repeats the URL, since a substituted variable may stand in it. */
  | { readonly ok: false; readonly problem: string };

// A segment that takes a parameter: `/:room`, `/:id.json`.
const PLACEHOLDER = /(?<=\/):([A-Za-z_][A-Za-z0-9_]*)/;

const URL_PARTS = /^([^:/?#]*):\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/s;
const AUTHORITY = /^(\[[^\]]*\]|[^:[\]]*)(?::(.*))?$/s;
const QUERY_PLACEHOLDER = /(?:^|[=&/]):[A-Za-z_]/;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9._])?$/;
const NOT_VISIBLE_ASCII = /[^\x21-\x7e]/;
const BRACKETS = 'has an invalid host. An IPv6 address stands in brackets: ws://[::1]:8080/';
const DEFAULT_PORTS: Readonly<Record<string, number>> = { ws: 80, wss: 443 };

const refuse = (problem: string): EndpointVerdict => ({ ok: false, problem });

/** Reads an endpoint's URL. Path and query stay exactly as they are written. */
export function parseEndpoint(url: string): EndpointVerdict {
  const parts = URL_PARTS.exec(url);
  if (parts === null) return refuse('is not a URL. Write ws://host:port/path or wss://host:port/path');
  const [, scheme = '', authority = '', path = '', query = '', fragment] = parts;
  const defaultPort = DEFAULT_PORTS[scheme.toLowerCase()];
  if (defaultPort === undefined) return refuse('has to start with ws:// or wss://');
  if (fragment !== undefined) return refuse('must not have a fragment (#…), since it would never be sent');
  if (authority.includes('@')) {
    return refuse('must not carry a user name or password. Send credentials with headers.set instead');
  }
  const place = parseAuthority(authority, defaultPort);
  if (typeof place === 'string') return refuse(place);
  const fault = pathFault(path) ?? queryFault(query);
  if (fault !== null) return refuse(fault);
  return { ok: true, endpoint: assemble(scheme.toLowerCase(), place, path || '/', query) };
}

interface Place {
  readonly host: string;
  readonly port: number;
  readonly authority: string;
}

function assemble(scheme: string, place: Place, path: string, query: string): Endpoint {
  return {
    ...place,
    name: `${scheme}://${place.authority}${path}`,
    secure: scheme === 'wss',
    path,
    query,
    // Splitting at a pattern with one group yields literals and names in turn.
    placeholders: path.split(PLACEHOLDER).filter((_, i) => i % 2 === 1),
    literals: path.split(PLACEHOLDER).filter((_, i) => i % 2 === 0),
    fixedNames: new Set(queryPairs(query).map(queryName)),
  };
}

/** The pairs of a raw query, as they are written. */
export const queryPairs = (query: string): string[] => (query === '' ? [] : query.split('&'));

/** The name of a raw pair, decoded as servers do. What is not valid percent-encoding stands for itself. */
export function queryName(pair: string): string {
  const name = (pair.split('=', 1)[0] ?? '').replaceAll('+', ' ');
  const bytes = name.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}

function parseAuthority(text: string, defaultPort: number): Place | string {
  if (isIPv6(text)) return BRACKETS;
  if (text.startsWith(':')) return 'has no host. A placeholder can only stand in the path';
  const parts = AUTHORITY.exec(text);
  if (parts === null) return BRACKETS;
  const [, written = '', portText = ''] = parts;
  const host = parseHost(written);
  if (host === null) return written === '' ? 'has no host' : 'has an invalid host';
  const port = portText === '' ? defaultPort : parsePort(portText);
  if (port === null) {
    const isPlaceholder = portText.startsWith(':') || /^[A-Za-z_]/.test(portText);
    return `has an invalid port. ${isPlaceholder ? 'A placeholder can only stand in the path' : 'Write one from 1 to 65535'}`;
  }
  const name = isIPv6(host) ? `[${host}]` : host;
  return { host, port, authority: port === defaultPort ? name : `${name}:${port}` };
}

function parseHost(written: string): string | null {
  if (written.startsWith('[')) {
    const address = written.slice(1, -1);
    return isIPv6(address) && !address.includes('%') ? address : null;
  }
  // A name in another script goes over the wire in its ASCII form (RFC 5890).
  const name = /[^\x20-\x7f]/.test(written) ? domainToASCII(written) : written;
  return NAME.test(name) ? name.toLowerCase() : null;
}

function parsePort(text: string): number | null {
  if (!/^\d{1,5}$/.test(text)) return null;
  const port = Number(text);
  return port >= 1 && port <= 65_535 ? port : null;
}

function pathFault(path: string): string | null {
  if (NOT_VISIBLE_ASCII.test(path)) return 'has a character in its path that has to be percent-encoded';
  return null;
}

function queryFault(query: string): string | null {
  if (NOT_VISIBLE_ASCII.test(query)) return 'has a character in its query that has to be percent-encoded';
  if (!QUERY_PLACEHOLDER.test(query)) return null;
  return 'has a placeholder in its query. Placeholders can only stand in the path; write a plain colon as %3A';
}
