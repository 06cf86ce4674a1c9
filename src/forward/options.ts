import type { RelayOptions } from '../base/relay.ts';

/** Header rules for the request that goes upstream. */
export interface HeaderRules {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/** PEM texts and settings for `wss://`. */
export interface UpstreamTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  /** Default `true`. */
  readonly rejectUnauthorized?: boolean;
}

/** How to forward one exchange: everything `WebSocketAction` can be configured to do. */
export interface ForwardOptions {
  /** `ws://` or `wss://` URL; `:name` in its path takes the route's parameter. */
  readonly upstreamEndpoint: string;
  /** Milliseconds for TCP and TLS, each attempt. */
  readonly connectTimeoutMs: number;
  /** Milliseconds from selection until the upstream's answer is complete, look-up and retries included. */
  readonly handshakeTimeoutMs: number;
  /** Send the client's `Host` (true) or the endpoint's. */
  readonly preserveHost: boolean;
  readonly headers: HeaderRules;
  readonly tls: UpstreamTls;
  readonly relay: RelayOptions;
}
