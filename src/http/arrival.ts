import type { IncomingMessage } from 'node:http';
import type { ClientFacts } from './client-facts.ts';
import type { Answer } from './exchange.ts';
import type { ExchangeFacts } from './exchange-base.ts';
import { outgoingHeaders } from './forwarded.ts';
import type { RequestHead } from './request-head.ts';
import type { RouteMatch } from './site.ts';

/** A request's head and the route that takes it. */
export interface Met {
  readonly head: RequestHead;
  readonly match: RouteMatch;
}

/** A request that was read: who sent it, and what is to become of it. */
export interface Arrival {
  readonly request: IncomingMessage;
  readonly id: string;
  readonly client: ClientFacts;
  /** An answer where the head is invalid or no route takes it. */
  readonly met: Met | Answer;
}

/** What an exchange is to know of a request that was read and matched. */
export function factsOf({ id, client }: Arrival, { head, match }: Met): ExchangeFacts {
  const { method, target, httpVersion, headers, query } = head;
  const origin = {
    peer: client.peer,
    trusted: client.trusted,
    encrypted: client.peerEncrypted,
    client: client.address,
    host: headers.get('host') ?? '',
    requestId: id,
  };
  const subprotocols = headers.getAll('sec-websocket-protocol').join(',').split(',');
  return {
    id,
    method,
    target,
    httpVersion,
    headers,
    params: match.params,
    route: match.route,
    client: { address: client.address, encrypted: client.encrypted },
    outgoing: {
      headers: outgoingHeaders(headers, origin),
      query,
      subprotocols: subprotocols.map((one) => one.trim()).filter((one) => one !== ''),
    },
  };
}
