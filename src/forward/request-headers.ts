import { ConfigError } from '../base/config-error.ts';
import type { Header, HeaderList } from '../base/header-list.ts';
import { isHopByHop } from '../http/hop-by-hop.ts';
import type { HeaderRules } from './options.ts';

/** Header rules, ready to apply. */
export interface PreparedRules {
  /** In lower case; `set` replaces these as well. */
  readonly remove: ReadonlySet<string>;
  readonly set: readonly Header[];
}

// What the gateway writes itself: the handshake, its host and its framing.
const isReserved = (name: string): boolean =>
  name === 'host' ||
  name === 'content-length' ||
  name === 'expect' ||
  name.startsWith('sec-websocket-') ||
  isHopByHop(name);

/**
 * Prepares `headers` of the options.
 * @throws {ConfigError} when they name a header that the gateway writes itself.
 */
export function prepareRules({ set, remove }: HeaderRules): PreparedRules {
  for (const name of Object.keys(set)) refuseReserved(name, ['headers', 'set', name]);
  for (const [i, name] of remove.entries()) refuseReserved(name, ['headers', 'remove', i]);
  return { remove: new Set(remove.map((name) => name.toLowerCase())), set: Object.entries(set) };
}

function refuseReserved(name: string, path: readonly (string | number)[]): void {
  if (isReserved(name.toLowerCase()))
    throw ConfigError.at(path, 'is a header that the gateway writes itself');
}

/**
 * Headers for the upstream request, in order, without those that the gateway writes itself: a middleware may have put
 * any into `outgoing`.
 */
export function upstreamHeaders(outgoing: HeaderList, { remove, set }: PreparedRules): HeaderList {
  const headers = outgoing.only((name) => !isReserved(name) && !remove.has(name));
  for (const [name, value] of set) headers.set(name, value);
  return headers;
}
