import type { Connection } from '../base/connection.ts';
import type { Forwarding } from '../forward/contract.ts';
import type { Action, Exchange } from '../http/exchange.ts';

/**
 * Ends connections whose route threw after the 101: half a plugin's work is worse than none. What it threw goes on to
 * whoever called the route, and into the log.
 */
export class PluginFaults {
  /** Exchanges that a route works with, and the connection that came of each. */
  readonly #connections = new Map<Exchange, Connection | null>();

  watchForwarding({ forward, forwarder }: Forwarding): Forwarding {
    return {
      forward: (exchange, options) => this.#note(exchange, forward(exchange, options)),
      forwarder: (options, logger) => {
        const made = forwarder(options, logger);
        return { ...made, forward: (exchange) => this.#note(exchange, made.forward(exchange)) };
      },
    };
  }

  watchRoute(handle: Action): Action {
    return async (exchange) => {
      this.#connections.set(exchange, null);
      try {
        await handle(exchange);
      } catch (error) {
        this.#connections.get(exchange)?.close('plugin-error');
        throw error;
      } finally {
        this.#connections.delete(exchange);
      }
    };
  }

  async #note(exchange: Exchange, forwarded: Promise<Connection | null>): Promise<Connection | null> {
    const connection = await forwarded;
    if (this.#connections.has(exchange)) this.#connections.set(exchange, connection);
    return connection;
  }
}
