import type { Problem } from '../base/problem.ts';
import { type Config, placeOf } from '../config/config.ts';
import { isMap } from '../config/json.ts';
import { parseEndpoint } from '../upstream/endpoint.ts';

const WEBSOCKET_ACTION = 'plugins.wsfw.actions.WebSocketAction';

/** Routes without a parameter that their action takes: each request would fail, or none be kept together. */
export function missingParams({ routes, actions, places }: Config): Problem[] {
  return routes.flatMap((route, i) => {
    const given = new Set(route.path.split('/'));
    const missing = paramsOf(actions[route.action]).filter(({ name }) => !given.has(`:${name}`));
    const path = ['routes', i, 'path'];
    return missing.map(({ name, taker }) => ({
      place: placeOf(places, path),
      path,
      message: `has no :${name}, which the ${taker} of ${route.action} takes`,
    }));
  });
}

/** A parameter, and the option that takes it. */
interface Param {
  readonly name: string;
  readonly taker: string;
}

function paramsOf(action: Config['actions'][string] | undefined): readonly Param[] {
  if (action?.use !== WEBSOCKET_ACTION || !isMap(action.config)) return [];
  const { upstreamEndpoint, upstreamEndpoints, balancer } = action.config;
  const all = [
    ...placeholdersOf(upstreamEndpoint, 'upstreamEndpoint'),
    ...(Array.isArray(upstreamEndpoints) ? upstreamEndpoints : []).flatMap((each: unknown) =>
      placeholdersOf(isMap(each) ? each['url'] : each, 'upstreamEndpoints'),
    ),
    ...hashedParam(balancer),
  ];
  return all.filter(({ name }, i) => all.findIndex((other) => other.name === name) === i);
}

function placeholdersOf(url: unknown, taker: string): readonly Param[] {
  const verdict = typeof url === 'string' ? parseEndpoint(url) : undefined;
  if (verdict?.ok !== true) return [];
  return verdict.endpoint.placeholders.map((name) => ({ name, taker }));
}

function hashedParam(balancer: unknown): readonly Param[] {
  const hash = isMap(balancer) ? balancer['hash'] : undefined;
  const name = typeof hash === 'string' ? /^param:(.+)$/.exec(hash)?.[1] : undefined;
  return name === undefined ? [] : [{ name, taker: 'balancer' }];
}
