import type { Clock } from '../base/clock.ts';
import type { Exchange, UpgradeOffer } from '../http/exchange.ts';
import type { DialRequest } from '../upstream/dial.ts';
import type { Endpoint } from '../upstream/endpoint.ts';
import { keepDeflateOffers } from '../websocket/handshake.ts';
import type { PreparedOptions } from './prepare.ts';
import { upstreamHeaders } from './request-headers.ts';
import { upstreamTarget } from './target.ts';

/** What goes to the endpoint, put together; its deadline runs from here. */
export function dialRequest(
  { outgoing, params }: Exchange,
  upgrade: UpgradeOffer,
  endpoint: Endpoint,
  { options, rules, tls }: PreparedOptions,
  clock: Clock,
): DialRequest {
  const { connectTimeoutMs, handshakeTimeoutMs, preserveHost } = options;
  const host = preserveHost ? outgoing.headers.get('host') : undefined;
  return {
    endpoint,
    tls: endpoint.secure ? tls : null,
    target: upstreamTarget(endpoint, { params, query: outgoing.query }),
    host: host ?? endpoint.authority,
    subprotocols: outgoing.subprotocols,
    // The relay follows the frames of this extension and no other.
    extensions: keepDeflateOffers(upgrade.extensions),
    headers: upstreamHeaders(outgoing.headers, rules),
    connectTimeoutMs,
    deadlineMs: clock.now() + handshakeTimeoutMs,
    stallMs: handshakeTimeoutMs,
    withdrawal: upgrade.withdrawal,
  };
}
