import type { Connection } from '../base/connection.ts';
import type { Forward } from '../forward/forward.ts';
import type { Action, Exchange } from '../http/exchange.ts';

/**
 * Ends connections whose route threw after the 101: half a plugin's work is worse than none. What it threw goes on to
 * whoever called the route, and into the log.
 */
export class PluginFaults {
  /** The connection that came of an exchange, for as long as somebody works with the exchange. */
  readonly #connections = new WeakMap<Exchange, Connection>();

  watchForward(forward: Forward): Forward {
    return async (exchange, options) => {
      const connection = await forward(exchange, options);
      if (connection !== null) this.#connections.set(exchange, connection);
      return connection;
    };
  }

  watchRoute(handle: Action): Action {
    return async (exchange) => {
      try {
        await handle(exchange);
      } catch (error) {
        this.#connections.get(exchange)?.close('plugin-error');
        throw error;
      }
    };
  }
}
