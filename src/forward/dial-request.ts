import type { DialRequest } from '../upstream/dial.ts';
import type { Place } from '../upstream/pool/member.ts';
import { keepDeflateOffers } from '../websocket/handshake.ts';
import type { Asking } from './asking.ts';
import type { PreparedOptions } from './prepare.ts';
import { upstreamHeaders } from './request-headers.ts';
import { upstreamTarget } from './target.ts';

/** Tells an upstream that the connection which it is asked for goes on where another upstream left it. */
const RESUMED = 'X-Wsfw-Resumed';

/** What goes to the endpoint, put together. */
export function dialRequest(
  { params, outgoing, extensions, withdrawal, resumption }: Asking,
  { endpoint, tls }: Place,
  { options, rules }: PreparedOptions,
  deadlineMs: number,
): DialRequest {
  const { connectTimeoutMs, handshakeTimeoutMs, preserveHost, hold } = options;
  const host = preserveHost ? outgoing.headers.get('host') : undefined;
  const headers = upstreamHeaders(outgoing.headers, rules);
  if (resumption > 0) headers.set(RESUMED, String(resumption));
  return {
    endpoint,
    tls,
    target: upstreamTarget(endpoint, { params, query: outgoing.query }),
    host: host ?? endpoint.authority,
    subprotocols: outgoing.subprotocols,
    // The relay follows the frames of this extension and no other; and no other upstream could take its context over.
    extensions: hold === undefined ? keepDeflateOffers(extensions) : '',
    headers,
    connectTimeoutMs,
    deadlineMs,
    stallMs: handshakeTimeoutMs,
    withdrawal,
  };
}
