import { type Creation, type Middleware, problem } from '../../plugin.ts';
import { clientKey } from './client-key.ts';
import { limiterConfig, maxRequestsOf } from './limiter-config.ts';
import { RequestCounter } from './request-counter.ts';

/** Lets each client make so many requests in a while, and answers 429 (RFC 6585 §4) to further ones. */
export const LimiterMiddleware = {
  config: limiterConfig,
  create({ config, host }: Creation<typeof limiterConfig>): Middleware {
    const { clock } = host;
    const counter = new RequestCounter({
      maxRequests: maxRequestsOf(config),
      windowMs: config.expiration,
      now: () => clock.now(),
    });
    host.onDispose(() => counter.clear());

    return async (exchange, next) => {
      const waitMs = await counter.count(clientKey(exchange.client.address));
      if (waitMs === 0) return next();
      const seconds = String(Math.max(1, Math.ceil(waitMs / 1000)));
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
