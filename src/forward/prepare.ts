import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../base/config-error.ts';
import { parseEndpoint } from '../upstream/endpoint.ts';
import { type Endpoints, fixedEndpoint } from '../upstream/endpoints.ts';
import type { TlsProfile } from '../upstream/open-socket.ts';
import type { ForwardOptions, UpstreamTls } from './options.ts';
import { type PreparedRules, prepareRules } from './request-headers.ts';

/** Options with everything done that need not be done for each handshake. */
export interface PreparedOptions {
  readonly options: ForwardOptions;
  readonly endpoints: Endpoints;
  readonly rules: PreparedRules;
  /** For endpoints that are `wss://`. */
  readonly tls: TlsProfile | null;
}

/**
 * Prepares options.
 * @throws {ConfigError} when they cannot work; paths are those of the options.
 */
export function prepareOptions(options: ForwardOptions): PreparedOptions {
  const verdict = parseEndpoint(options.upstreamEndpoint);
  if (!verdict.ok) throw ConfigError.at(['upstreamEndpoint'], verdict.problem);
  return {
    options,
    endpoints: fixedEndpoint(verdict.endpoint),
    rules: prepareRules(options.headers),
    tls: verdict.endpoint.secure ? prepareTls(options.tls) : null,
  };
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

/** `prepareOptions`, once for each options object for as long as it lives. */
export function createPreparation(): (options: ForwardOptions) => PreparedOptions {
  const prepared = new WeakMap<ForwardOptions, PreparedOptions>();
  return (options) => {
    let known = prepared.get(options);
    if (known === undefined) {
      known = prepareOptions(options);
      prepared.set(options, known);
    }
    return known;
  };
}
