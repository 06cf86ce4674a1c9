import type { RouteRef } from '../base/route.ts';
import type { Exchange } from './exchange.ts';

/** What a request asks for, as far as routing is concerned. */
export interface RouteQuery {
  readonly method: string;
  /** The raw path, without query. */
  readonly path: string;
  /** The request's host without port, lower case. */
  readonly host: string;
}

/** A route that takes the request. */
export interface RouteMatch {
  readonly route: RouteRef;
  /** See `Exchange.params`. */
  readonly params: Readonly<Record<string, string>>;
  /** Whether the route's action serves WebSocket upgrades; if not, an `Upgrade` is ignored. */
  readonly upgrades: boolean;
  /** Middlewares, then the action. Rejects with whatever a plugin threw. */
  handle(exchange: Exchange): Promise<void>;
}

/** No route takes the request; `allow` lists the methods with which one would (empty: 404, else 405). */
export interface RouteMiss {
  readonly allow: readonly string[];
}

/** What a listener serves. A snapshot of a configuration is one. */
export interface Site {
  match(query: RouteQuery): RouteMatch | RouteMiss;
}
