import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Config } from '../config/config.ts';
import { browserAddress } from '../demo/address.ts';
import { type Demo, startDemo } from '../demo/demo.ts';
import type { GatewayAddress } from '../gateway/gateway.ts';
import { upstreamOf } from './overview.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);
const DEFAULT_UPSTREAM = { port: 8080, path: '/ws' };

/** Starts the demo upstream where the configuration's first route to this machine expects one. */
export function startDemoFor(
  config: Config,
  address: GatewayAddress,
  services: { readonly logger: Logger; readonly clock: Clock },
): Promise<Demo> {
  const { route, upstream } = demoRoute(config);
  return startDemo({ ...upstream, gatewayUrl: browserAddress(address, route), ...services });
}

function demoRoute(config: Config): { route: string; upstream: { port: number; path: string } } {
  for (const { path, action } of config.routes) {
    const upstream = localUpstream(upstreamOf(config, action));
    if (upstream !== null && !/[:*]/.test(path)) return { route: path, upstream };
  }
  return { route: config.routes[0]?.path ?? '/', upstream: DEFAULT_UPSTREAM };
}

function localUpstream(endpoint: string | null): { port: number; path: string } | null {
  if (endpoint === null || !URL.canParse(endpoint)) return null;
  const { protocol, hostname, port, pathname } = new URL(endpoint);
  if (protocol !== 'ws:' || !LOOPBACK.has(hostname)) return null;
  return { port: port === '' ? 80 : Number(port), path: pathname };
}
