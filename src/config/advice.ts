import type { Problem } from '../base/problem.ts';
import { type Config, placeOf, type RouteEntry } from './config.ts';
import { isMap } from './json.ts';

const WEBSOCKET_ACTION = 'plugins.wsfw.actions.WebSocketAction';
const UPGRADE_CHECK = 'plugins.wsfw.middlewares.CheckWebSocketUpgradeMiddleware';

/**
 * What `wsfw check` mentions besides `Config.warnings`, and `wsfw start` does not: WebSocket routes with no limit at
 * all. A limit is a `maxMessageSize`, or any middleware besides the handshake check, since one may well limit.
 */
export function adviceFor(config: Config): readonly Problem[] {
  return config.routes.flatMap((route, i) => {
    if (!isUnlimited(route, config)) return [];
    const path = ['routes', i];
    const message =
      'nothing limits this WebSocket route. Consider a rate limit (plugins.limiter.middlewares.LimiterMiddleware) ' +
      'or maxMessageSize on its action';
    return [{ place: placeOf(config.places, path), path, message }];
  });
}

function isUnlimited(route: RouteEntry, config: Config): boolean {
  const action = config.actions[route.action];
  if (action?.use !== WEBSOCKET_ACTION) return false;
  const middlewares = [...config.globalMiddlewares, ...route.middlewares];
  if (middlewares.some((name) => config.middlewares[name]?.use !== UPGRADE_CHECK)) return false;
  const size = isMap(action.config) ? action.config['maxMessageSize'] : undefined;
  return size === undefined || size === 0 || size === '0';
}
