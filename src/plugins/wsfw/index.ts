import { definePlugin } from '../../plugin.ts';
import { CheckWebSocketUpgradeMiddleware } from './check-web-socket-upgrade-middleware.ts';
import { WebSocketAction } from './web-socket-action.ts';

/** The built-in plugin `wsfw`: checks WebSocket handshakes and forwards the connections. */
export default definePlugin({
  name: 'wsfw',
  middlewares: { CheckWebSocketUpgradeMiddleware },
  actions: { WebSocketAction },
});
