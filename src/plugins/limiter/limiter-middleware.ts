import { type Creation, clientKey, type Middleware, problem } from '../../plugin.ts';
import { limiterConfig, maxRequestsOf } from './limiter-config.ts';

/** Lets each client make so many requests in a while, and answers 429 (RFC 6585 §4) to further ones. */
export const LimiterMiddleware = {
  config: limiterConfig,
  create({ config, host }: Creation<typeof limiterConfig>): Middleware {
    const { memory } = host;
    const maxRequests = maxRequestsOf(config);
    return async (exchange, next) => {
      const client = clientKey(exchange.client.address);
      const { value, expiresInMs } = await memory.increment(client, 1, config.expiration);
      if (value <= maxRequests) return next();
      const seconds = String(Math.max(1, Math.ceil(expiresInMs / 1000)));
      await exchange.respond(
        problem({
          status: 429,
          detail: `too many requests from this address; try again in ${seconds} s`,
          requestId: exchange.id,
          headers: [['Retry-After', seconds]],
          reason: 'limiter: over the limit of this address',
        }),
      );
    };
  },
};
