import type { Exchange } from './exchange.ts';
import type { RouteMatch } from './site.ts';

/** Paths at which the listener answers for itself. */
export interface HealthRoutes {
  /** 200 as long as the process serves. */
  readonly live: string;
  /** 200 while new connections are welcome, else 503. */
  readonly ready: string;
}

/** The health route at `path`, or `null`. `ready` is asked each time. */
export function matchHealth(
  routes: HealthRoutes | null,
  path: string,
  ready: () => boolean,
): RouteMatch | null {
  if (routes === null || (path !== routes.live && path !== routes.ready)) return null;
  const isUp = path === routes.live ? () => true : ready;
  return {
    route: { name: path, pattern: path, action: 'health' },
    params: {},
    upgrades: false,
    handle: (exchange) => answerHealth(exchange, isUp()),
  };
}

function answerHealth(exchange: Exchange, up: boolean): Promise<void> {
  const headers: [string, string][] = [
    ['Content-Type', 'application/json'],
    ['Cache-Control', 'no-store'],
  ];
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') {
    return exchange.respond({ status: 405, headers: [['Allow', 'GET, HEAD']] });
  }
  if (!up) headers.push(['Retry-After', '1']);
  return exchange.respond({
    status: up ? 200 : 503,
    headers,
    body: JSON.stringify({ status: up ? 'up' : 'down' }),
  });
}
