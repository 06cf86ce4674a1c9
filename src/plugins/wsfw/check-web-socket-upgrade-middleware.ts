import { checkUpgrade, type Middleware, noConfig } from '../../plugin.ts';

/**
 * Answers whatever is not a valid WebSocket handshake (RFC 6455 §4.2.1) before later middlewares and the action
 * see it: 426 for what asks for no WebSocket or for another version of it, 400 for a malformed handshake.
 */
export const CheckWebSocketUpgradeMiddleware = {
  config: noConfig,
  create: (): Middleware => async (exchange, next) => {
    const refusal = checkUpgrade(exchange);
    if (refusal === null) return next();
    await exchange.respond(refusal);
  },
};
