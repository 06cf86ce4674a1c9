import type { Problem } from '../base/problem.ts';
import { type Config, placeOf } from '../config/config.ts';
import { isMap } from '../config/json.ts';
import { parseEndpoint } from '../upstream/endpoint.ts';

const WEBSOCKET_ACTION = 'plugins.wsfw.actions.WebSocketAction';

/** Routes whose action puts a parameter into the endpoint's path that they do not have: each request would fail. */
export function missingParams({ routes, actions, places }: Config): Problem[] {
  return routes.flatMap((route, i) => {
    const given = new Set(route.path.split('/'));
    const missing = placeholdersOf(actions[route.action]).filter((name) => !given.has(`:${name}`));
    const path = ['routes', i, 'path'];
    return missing.map((name) => ({
      place: placeOf(places, path),
      path,
      message: `has no :${name}, which the upstreamEndpoint of ${route.action} takes`,
    }));
  });
}

function placeholdersOf(action: Config['actions'][string] | undefined): readonly string[] {
  if (action?.use !== WEBSOCKET_ACTION || !isMap(action.config)) return [];
  const url = action.config['upstreamEndpoint'];
  const verdict = typeof url === 'string' ? parseEndpoint(url) : undefined;
  return verdict?.ok === true ? [...new Set(verdict.endpoint.placeholders)] : [];
}
