import { z } from 'zod';
import { duration } from '../../plugin.ts';

const DEFAULT_MAX_REQUESTS = 5;

// No default in the schema: it would hide which of the two names was written.
const maxRequests = () => z.int().min(1).optional();

/** Options of `plugins.limiter.middlewares.LimiterMiddleware`. The descriptions are the reference. */
export const limiterConfig = z
  .strictObject({
    maxConnections: maxRequests()
      .meta({ default: DEFAULT_MAX_REQUESTS })
      .describe(
        'How many requests a client (an IPv4 address, or the /64 of an IPv6 one) may make within `expiration`, at least ' +
          '1; further ones get 429. A WebSocket counts once, when it is opened.',
      ),
    maxRequests: maxRequests().describe(
      'The same as `maxConnections`, under a clearer name. Give one of them only.',
    ),
    expiration: duration()
      .prefault('60s')
      .refine((ms) => ms > 0, { error: 'must not be 0: nobody would ever be let in again' })
      .describe("How long a client's requests count, from its first one on; then it starts afresh. Not `0`."),
  })
  .refine(({ maxRequests, maxConnections }) => maxRequests === undefined || maxConnections === undefined, {
    path: ['maxRequests'],
    error: 'is the same option as maxConnections; give only one of them',
    // Also when another option is wrong: all mistakes are reported in one go.
    when: ({ value }) => typeof value === 'object' && value !== null,
  });

/** The validated options. */
export type LimiterConfig = z.output<typeof limiterConfig>;

/** The limit, under whichever name it was given. */
export function maxRequestsOf(config: LimiterConfig): number {
  return config.maxRequests ?? config.maxConnections ?? DEFAULT_MAX_REQUESTS;
}
