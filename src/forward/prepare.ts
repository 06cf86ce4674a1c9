import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../base/config-error.ts';
import type { KeyPath } from '../base/problem.ts';
import type { BalancerName } from '../upstream/balancers/create-balancer.ts';
import { parseEndpoint } from '../upstream/endpoint.ts';
import type { TlsProfile } from '../upstream/open-socket.ts';
import { type Place, placeId } from '../upstream/pool/member.ts';
import { type HashKey, parseHashKey } from './hash-key.ts';
import type { EndpointOptions, ForwardOptions, UpstreamTls } from './options.ts';
import { type PreparedRules, prepareRules } from './request-headers.ts';

/** Options with everything done that need not be done for each handshake. */
export interface PreparedOptions {
  readonly options: ForwardOptions;
  /** At least one. */
  readonly places: readonly Place[];
  readonly rules: PreparedRules;
  readonly balancer: BalancerName;
  /** For a balancer that hashes. */
  readonly hashKey: HashKey | null;
  readonly retries: number;
}

const DEFAULT_RETRIES = 2;

/**
 * Prepares options.
 * @throws {ConfigError} when they cannot work; paths are those of the options.
 */
export function prepareOptions(options: ForwardOptions): PreparedOptions {
  const { retries = DEFAULT_RETRIES, headers } = options;
  const places = preparePlaces(options);
  refuseService(options, places);
  refuseCheck(options, places);
  return { options, places, rules: prepareRules(headers), ...prepareBalancer(options), retries };
}

function preparePlaces(options: ForwardOptions): readonly Place[] {
  const given = endpointsOf(options).map(({ url, path, weight = 1, maxConnections = 0 }) => {
    const verdict = parseEndpoint(url);
    if (!verdict.ok) throw ConfigError.at(path, verdict.problem);
    return { endpoint: verdict.endpoint, weight, priority: 0, maxConnections, path };
  });
  const tls = given.some(({ endpoint }) => endpoint.secure) ? prepareTls(options.tls) : null;
  const known = new Set<string>();
  return given.map(({ path, ...rest }) => {
    const place = { ...rest, tls: rest.endpoint.secure ? tls : null };
    if (known.has(placeId(place))) throw ConfigError.at(path, 'is there twice; give it a weight instead');
    known.add(placeId(place));
    return place;
  });
}

function endpointsOf(options: ForwardOptions): readonly (EndpointOptions & { readonly path: KeyPath })[] {
  const { upstreamEndpoint, upstreamEndpoints } = options;
  if (upstreamEndpoint !== undefined) {
    if (upstreamEndpoints !== undefined)
      throw ConfigError.at(['upstreamEndpoints'], 'cannot stand beside upstreamEndpoint');
    return [{ url: upstreamEndpoint, path: ['upstreamEndpoint'] }];
  }
  if (upstreamEndpoints === undefined || upstreamEndpoints.length === 0)
    throw ConfigError.at(['upstreamEndpoint'], 'required, or a list of upstreamEndpoints');
  return upstreamEndpoints.map((each, i) =>
    typeof each === 'string'
      ? { url: each, path: ['upstreamEndpoints', i] }
      : { ...each, path: ['upstreamEndpoints', i, 'url'] },
  );
}

function prepareBalancer({
  balancer = 'roundRobin',
}: ForwardOptions): Pick<PreparedOptions, 'balancer' | 'hashKey'> {
  if (typeof balancer === 'string') return { balancer, hashKey: null };
  const verdict = parseHashKey(balancer.hash);
  if (!verdict.ok) throw ConfigError.at(['balancer', 'hash'], verdict.problem);
  return { balancer: 'hash', hashKey: verdict.key };
}

function refuseService({ resolve }: ForwardOptions, { length }: readonly Place[]): void {
  if (resolve?.srv !== undefined && length > 1)
    throw ConfigError.at(['resolve', 'srv'], 'stands for the host of one endpoint: give only one');
}

// A check has no route whose parameters it could put in.
function refuseCheck({ healthCheck }: ForwardOptions, places: readonly Place[]): void {
  if (healthCheck?.type !== 'websocket' || healthCheck.path !== undefined) return;
  const open = places.find(({ endpoint }) => endpoint.placeholders.length > 0);
  if (open === undefined) return;
  const [name] = open.endpoint.placeholders;
  throw ConfigError.at(['healthCheck'], `needs a path: no route gives it the :${name} of the endpoint`);
}

function prepareTls({ ca, cert, key, servername, rejectUnauthorized = true }: UpstreamTls): TlsProfile {
  if (servername !== undefined && isIP(servername) !== 0) {
    throw ConfigError.at(['tls', 'servername'], 'must be a name: an address is no server name (RFC 6066 §3)');
  }
  const pem = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  try {
    return { secureContext: createSecureContext(pem), servername: servername ?? null, rejectUnauthorized };
  } catch (cause) {
    throw ConfigError.at(['tls'], 'has a certificate or key that cannot be used', { cause });
  }
}
