import { WsfwError } from '../base/errors.ts';
import { type Endpoint, queryName, queryPairs } from '../upstream/endpoint.ts';

/** What of a request makes its target. */
export interface TargetSource {
  /** The route's parameters, raw; what a wildcard matched under `*`. */
  readonly params: Readonly<Record<string, string>>;
  /** The client's query, raw, without `?`. */
  readonly query: string;
}

/** Under this name stands what a wildcard matched. */
const WILDCARD = '*';

// Visible ASCII but slash and backslash, space, and what is not ASCII.
const HARMLESS = /^[\x20-\x2e\x30-\x5b\x5d-\x7e\x80-\xff]*$/;

/**
 * The target of a request to the endpoint: its own path with the route's parameters in place and what a wildcard matched
 * behind it, its own query and then the client's. Everything stays percent-encoded as it was sent.
 * @throws WsfwError `WSFW_BAD_TARGET` for a parameter that could lead out of its place, `WSFW_CONFIG_INVALID` when the
 * route has no parameter that the endpoint takes.
 */
export function upstreamTarget(endpoint: Endpoint, { params, query }: TargetSource): string {
  const path = wildcardPath(endpointPath(endpoint, params), params[WILDCARD]);
  const pairs = upstreamQuery(endpoint, query);
  return pairs === '' ? path : `${path}?${pairs}`;
}

function endpointPath({ literals, placeholders, name }: Endpoint, params: TargetSource['params']): string {
  let path = literals[0] ?? '';
  for (const [i, placeholder] of placeholders.entries()) {
    const value = params[placeholder];
    if (value === undefined) {
      throw new WsfwError('WSFW_CONFIG_INVALID', `${name}: the route has no parameter :${placeholder}`);
    }
    if (value === '') throw badTarget();
    checkSegment(value);
    path += value + (literals[i + 1] ?? '');
  }
  return path;
}

// One slash at the joint, whatever either side brings: two at the start of a target would read as a host.
function wildcardPath(path: string, remainder: string | undefined): string {
  if (remainder === undefined) return path;
  for (const segment of remainder.split('/')) checkSegment(segment);
  return `${path.replace(/\/+$/, '')}/${remainder.replace(/^\/+/, '')}`;
}

function checkSegment(segment: string): void {
  const decoded = segment.includes('%') ? decodeBytes(segment) : segment;
  if (decoded === '.' || decoded === '..' || !HARMLESS.test(decoded)) throw badTarget();
}

const decodeBytes = (text: string): string =>
  text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

const badTarget = (): WsfwError =>
  new WsfwError('WSFW_BAD_TARGET', 'the path has a segment that cannot be forwarded');

function upstreamQuery({ query: own, fixedNames }: Endpoint, query: string): string {
  if (own === '') return query;
  const allowed = queryPairs(query).filter((pair) => !fixedNames.has(queryName(pair)));
  return [own, ...allowed].join('&');
}
