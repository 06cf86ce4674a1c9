import { type Action, type Creation, checkUpgrade } from '../../plugin.ts';
import { forwardOptions } from './forward-options.ts';
import { webSocketWarnings } from './warnings.ts';
import { type WebSocketConfig, webSocketConfig } from './web-socket-config.ts';

/** Forwards WebSocket connections to an upstream. It checks the handshake itself, with or without the middleware. */
export const WebSocketAction = {
  upgrades: true,
  config: webSocketConfig,
  warnings: (config: WebSocketConfig) => webSocketWarnings(config),
  async create({ config, host }: Creation<typeof webSocketConfig>): Promise<Action> {
    const forwarder = host.forwarder(await forwardOptions(config, host));
    return async (exchange) => {
      const refusal = checkUpgrade(exchange);
      if (refusal === null) await forwarder.forward(exchange);
      else await exchange.respond(refusal);
    };
  },
};
