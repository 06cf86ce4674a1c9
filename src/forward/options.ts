import type { HoldOptions } from '../base/hold.ts';
import type { RelayOptions } from '../base/relay.ts';
import type { BalancerName } from '../upstream/balancers/create-balancer.ts';
import type { HealthCheckTiming } from '../upstream/health/health-checks.ts';
import type { PassiveHealthOptions } from '../upstream/health/passive-health.ts';
import type { ProbeType } from '../upstream/health/probe.ts';
import type { ResolveOptions } from '../upstream/resolve/resolution.ts';

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

/** One of several endpoints. */
export interface EndpointOptions {
  /** `ws://` or `wss://` URL; `:name` in its path takes the route's parameter. */
  readonly url: string;
  /** Share of the connections against that of the others; `0`: none. Default 1. */
  readonly weight?: number;
  /** Default 0: any number. */
  readonly maxConnections?: number;
}

/** How an endpoint is chosen among several: `hash` keeps together what has the same `ip`, `header:NAME`, … */
export type BalancerOptions = Exclude<BalancerName, 'hash'> | { readonly hash: string };

/** How every endpoint is looked at from time to time. */
export interface HealthCheckOptions extends HealthCheckTiming {
  readonly type: ProbeType;
  /** Path and query. Default: the endpoint's own for `websocket`, `/` for `http`. */
  readonly path?: string;
}

/**
 * How to forward exchanges: everything `WebSocketAction` can be configured to do. Either `upstreamEndpoint` or
 * `upstreamEndpoints` is given.
 */
export interface ForwardOptions {
  /** `ws://` or `wss://` URL; `:name` in its path takes the route's parameter. */
  readonly upstreamEndpoint?: string;
  /** Several, as URLs or with a weight. */
  readonly upstreamEndpoints?: readonly (string | EndpointOptions)[];
  /** Default `roundRobin`. */
  readonly balancer?: BalancerOptions;
  /** Connections at a time, over all endpoints. Default 0: any number. */
  readonly maxConnections?: number;
  /** Follows the addresses of names. Default: a name is one endpoint. Only for `host.forwarder`. */
  readonly resolve?: ResolveOptions;
  /** Default: 3 failures, 10 seconds, half of the endpoints. */
  readonly passiveHealth?: PassiveHealthOptions;
  /** Default: none. Only for `host.forwarder`. */
  readonly healthCheck?: HealthCheckOptions;
  /** Other endpoints that are asked when one fails before the client was answered. Default 2. */
  readonly retries?: number;
  /** Milliseconds for TCP and TLS, each attempt. */
  readonly connectTimeoutMs: number;
  /** Milliseconds from selection until the upstream's answer is complete, look-up and retries included. */
  readonly handshakeTimeoutMs: number;
  /** Send the client's `Host` (true) or the endpoint's. */
  readonly preserveHost: boolean;
  readonly headers: HeaderRules;
  readonly tls: UpstreamTls;
  readonly relay: RelayOptions;
  /** Keeps clients while their upstream restarts. Default: none is kept. */
  readonly hold?: HoldOptions;
}
