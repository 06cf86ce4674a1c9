import type { Config } from '../config/config.ts';
import type { GatewayAddress } from '../gateway/gateway.ts';
import { parseEndpoint } from '../upstream/endpoint.ts';
import type { BannerInput, BannerRoute } from './banner.ts';

/** What the banner shows of a configuration at work. */
export function overviewOf(
  config: Config,
  address: GatewayAddress,
  version: string,
  { demo, workers }: Pick<BannerInput, 'demo' | 'workers'>,
): BannerInput {
  const { appName, healthRoutes } = config.server;
  return {
    version,
    appName,
    listening: { url: urlOf(address) },
    routes: config.routes.map((route) => overviewOfRoute(config, route)),
    health: healthRoutes,
    demo,
    workers,
  };
}

/** `http://127.0.0.1:8090` */
export function urlOf({ host, port, encrypted }: GatewayAddress): string {
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return `${encrypted ? 'https' : 'http'}://${bracketed}:${port}`;
}

function overviewOfRoute(config: Config, route: Config['routes'][number]): BannerRoute {
  return {
    methods: route.methods,
    pattern: route.path,
    host: route.host,
    middlewares: [...config.globalMiddlewares, ...route.middlewares],
    action: route.action,
    upstream: upstreamOf(config, route.action),
  };
}

/** The endpoint that an action forwards to, if its options say so; without its query, which may carry a key. */
export function upstreamOf(config: Config, action: string): string | null {
  const options = config.actions[action]?.config;
  if (typeof options !== 'object' || options === null || !('upstreamEndpoint' in options)) return null;
  const { upstreamEndpoint } = options;
  const verdict = typeof upstreamEndpoint === 'string' ? parseEndpoint(upstreamEndpoint) : null;
  return verdict?.ok === true ? verdict.endpoint.name : null;
}
