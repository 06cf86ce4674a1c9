import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import type { Endpoint } from './endpoint.ts';

/** Set, since the relay's bound on memory rests on it and Node's default grew to 64 KiB in version 22. */
export const HIGH_WATER_MARK_BYTES = 16_384;

/** How to speak TLS with an endpoint; made once, used for every connection. */
export interface TlsProfile {
  readonly secureContext: SecureContext;
  /** Asked for (SNI) and checked in the certificate, instead of the endpoint's host. */
  readonly servername: string | null;
  readonly rejectUnauthorized: boolean;
}

/** Begins to open TCP, and TLS for `wss://`. Synchronous errors are the caller's to catch. */
export function openSocket(
  endpoint: Endpoint,
  tls: TlsProfile | null,
  lookup: LookupFunction,
  connectTimeoutMs: number,
): Socket {
  const options = {
    host: endpoint.host,
    port: endpoint.port,
    lookup,
    highWaterMark: HIGH_WATER_MARK_BYTES,
    // An upstream may send its close and its FIN together, and still read the answer.
    allowHalfOpen: true,
    autoSelectFamily: true,
    // Node's 250 ms fails upstreams far away. The last address has no limit of its own, so half leaves it the rest.
    autoSelectFamilyAttemptTimeout: Math.max(10, Math.floor(connectTimeoutMs / 2)),
  };
  if (tls === null) return connect(options);
  const servername = tls.servername ?? (isIP(endpoint.host) === 0 ? endpoint.host : null);
  return connectTls({
    ...options,
    secureContext: tls.secureContext,
    rejectUnauthorized: tls.rejectUnauthorized,
    ALPNProtocols: ['http/1.1'],
    // RFC 6066 §3: an address is no server name.
    ...(servername === null ? {} : { servername }),
  });
}
