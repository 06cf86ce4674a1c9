import type { Readable } from 'node:stream';
import type { Connection, Locals } from '../base/connection.ts';
import type { HeaderList } from '../base/header-list.ts';
import type { Leg } from '../base/leg.ts';
import type { RelayResult } from '../base/relay.ts';
import type { RouteRef } from '../base/route.ts';
import type { Withdrawable } from '../base/withdrawal.ts';

/** An answer that is not a WebSocket. */
export interface Answer {
  readonly status: number;
  /** End-to-end headers. Framing (`Content-Length`, `Connection`, …) is the exchange's business. */
  readonly headers?: Iterable<readonly [string, string]>;
  readonly body?: string | Uint8Array | Readable;
  /** Why, for the operator's log: never sent. */
  readonly reason?: string;
  /** What led to it, for the operator's log: never sent. */
  readonly error?: Error;
}

/** How a request went that did not become a WebSocket. */
export interface AnswerResult {
  /** `0` when the client left before it was answered. */
  readonly status: number;
}

/** The upstream's side of an opening handshake, as the client is to see it. */
export interface Acceptance {
  /** The agreed subprotocol, or `''`. */
  readonly subprotocol: string;
  /** The agreed `Sec-WebSocket-Extensions`, or `''`. */
  readonly extensions: string;
  /** Other end-to-end headers for the 101. */
  readonly headers: Iterable<readonly [string, string]>;
}

/** What tells how a connection went; `ended` never rejects. */
export type Relayed = Pick<Connection, 'ended'>;

/** The client's leg. */
export interface AcceptedLeg extends Leg {
  /**
   * For whoever relays: call it once, when the connection has ended, so that the functions given to `onEnd` hear of it;
   * with `{ status: 101 }` when it never began.
   */
  ended(end: RelayResult | AnswerResult): void;
  /**
   * For whoever relays very many: gives what to call in place of `ended`, with the result, which keeps nothing of the
   * request. A plugin's function may throw. Those given to `onEnd` from now on wait for `connection.ended`.
   */
  relayedBy(connection: Relayed): (result: RelayResult) => void;
}

/** A client's valid opening handshake (RFC 6455 §4.2.1) that nobody has accepted yet. */
export interface UpgradeOffer {
  /** The subprotocols the client offered, in its order. */
  readonly subprotocols: readonly string[];
  /** The client's `Sec-WebSocket-Extensions`, joined; `''` for none. */
  readonly extensions: string;
  /** Tells what `Exchange.signal` tells. */
  readonly withdrawal: Withdrawable;
  /**
   * Sends the 101. Rejects with `WSFW_CLIENT_LEFT` when the client is gone; then the socket is released.
   * Ownership of the leg's stream passes to the caller.
   */
  accept(acceptance: Acceptance): Promise<AcceptedLeg>;
}

/** What goes to the upstream: a middleware may change any of it before the action runs. */
export interface Outgoing {
  /** The client's end-to-end headers with the forwarded ones set; without the handshake's own. */
  readonly headers: HeaderList;
  /** The client's query without `?`, as sent. */
  query: string;
  /** Offered to the upstream, in this order. */
  subprotocols: string[];
}

/** One HTTP request on its way through middlewares and action. Not kept once it is answered. */
export interface Exchange {
  /** `X-Request-Id`: the client's if it is well-formed, else one of ours. */
  readonly id: string;
  readonly method: string;
  /** The request target in origin form, raw and undecoded: `/rooms/a%2Fb?x=1`. */
  readonly target: string;
  /** `1.1`. */
  readonly httpVersion: string;
  /** As received; change `outgoing.headers` instead. */
  readonly headers: HeaderList;
  /**
   * The route's parameters, cut from the raw target and not decoded, so that they travel as sent; what a wildcard
   * matched is under `*`.
   */
  readonly params: Readonly<Record<string, string>>;
  readonly route: RouteRef;
  readonly client: { readonly address: string; readonly encrypted: boolean };
  /** `null` when the request is not a valid WebSocket handshake; `checkUpgrade(exchange)` says why. */
  readonly upgrade: UpgradeOffer | null;
  readonly body: Readable;
  readonly locals: Locals;
  readonly outgoing: Outgoing;
  /** Added to whatever answer goes out: a refusal, the upstream's own, or the 101. */
  readonly answerHeaders: HeaderList;
  /** True as soon as an answer was begun. */
  readonly answered: boolean;
  /** Aborted when the client leaves before it was answered. */
  readonly signal: AbortSignal;
  /** Answers. Rejects with `WSFW_ANSWERED_TWICE` the second time. Resolves when the answer is handed to the network. */
  respond(answer: Answer): Promise<void>;
  /** Calls `f` exactly once: with the answer, or days later with how the connection ended. */
  onEnd(f: (end: RelayResult | AnswerResult) => void): void;
}

/**
 * Runs before the action: answers itself, or calls `next()` once and waits for it. The request has to be answered when
 * the returned promise resolves.
 */
export type Middleware = (exchange: Exchange, next: () => Promise<void>) => Promise<void>;

/** Answers a route's requests. Resolves when the client has been answered, not when its connection ends. */
export type Action = (exchange: Exchange) => Promise<void>;
