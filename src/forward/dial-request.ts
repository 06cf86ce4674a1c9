import type { Exchange, UpgradeOffer } from '../http/exchange.ts';
import type { DialRequest } from '../upstream/dial.ts';
import type { Place } from '../upstream/pool/member.ts';
import { keepDeflateOffers } from '../websocket/handshake.ts';
import type { PreparedOptions } from './prepare.ts';
import { upstreamHeaders } from './request-headers.ts';
import { upstreamTarget } from './target.ts';

/** What goes to the endpoint, put together. */
export function dialRequest(
  { outgoing, params }: Exchange,
  upgrade: UpgradeOffer,
  { endpoint, tls }: Place,
  { options, rules }: PreparedOptions,
  deadlineMs: number,
): DialRequest {
  const { connectTimeoutMs, handshakeTimeoutMs, preserveHost } = options;
  const host = preserveHost ? outgoing.headers.get('host') : undefined;
  return {
    endpoint,
    tls,
    target: upstreamTarget(endpoint, { params, query: outgoing.query }),
    host: host ?? endpoint.authority,
    subprotocols: outgoing.subprotocols,
    // The relay follows the frames of this extension and no other.
    extensions: keepDeflateOffers(upgrade.extensions),
    headers: upstreamHeaders(outgoing.headers, rules),
    connectTimeoutMs,
    deadlineMs,
    stallMs: handshakeTimeoutMs,
    withdrawal: upgrade.withdrawal,
  };
}
