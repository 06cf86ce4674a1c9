import { z } from 'zod';
import { parseEndpoint, parseHashKey } from '../../plugin.ts';

/** An address to forward to. */
const endpointUrl = z.string().superRefine((url, context) => {
  const verdict = parseEndpoint(url);
  if (!verdict.ok) context.addIssue({ code: 'custom', message: verdict.problem });
});

export const maxConnections = () => z.int().min(0).default(0);

const weightedEndpoint = z.strictObject({
  url: endpointUrl.describe('A `ws://` or `wss://` URL.'),
  weight: z
    .int()
    .min(0)
    .max(65_535)
    .default(1)
    .describe('Its share of the connections against that of the others. `0`: no new ones.'),
  maxConnections: maxConnections().describe('Most connections at a time. `0`: any number.'),
});

const oneOfSeveral = z
  .union([endpointUrl, weightedEndpoint], { error: 'expected a URL or {url, weight, maxConnections}' })
  .transform((given) => (typeof given === 'string' ? { url: given, weight: 1, maxConnections: 0 } : given));

/** `upstreamEndpoint`. Exactly one of the two is given; `webSocketConfig` looks after that. */
export const upstreamEndpoint = endpointUrl.optional();

/** `upstreamEndpoints`. */
export const upstreamEndpoints = z
  .array(oneOfSeveral)
  .min(1)
  .superRefine((endpoints, context) => {
    for (const [i, { url }] of endpoints.entries()) {
      const isThere = endpoints.findIndex((other) => other.url === url) < i;
      if (isThere)
        context.addIssue({ code: 'custom', path: [i], message: 'is there twice. Give it a weight instead' });
    }
  })
  .optional();

const HASHES = 'Write {hash: ip}, or header:NAME, cookie:NAME, query:NAME, param:NAME in its place';

const byName = z.enum(['roundRobin', 'leastConnections', 'randomTwo'], {
  error: ({ input }) =>
    input === 'hash'
      ? `needs to know what to hash. ${HASHES}`
      : 'expected one of roundRobin, leastConnections, randomTwo, {hash: ip}',
});

const byHash = z.strictObject({
  hash: z
    .string()
    .superRefine((text, context) => {
      const verdict = parseHashKey(text);
      if (!verdict.ok) context.addIssue({ code: 'custom', message: verdict.problem });
    })
    .meta({ examples: ['ip', 'cookie:session'] })
    .describe('`ip`, `header:NAME`, `cookie:NAME`, `query:NAME` or `param:NAME`.'),
});

/** `balancer`. */
export const balancer = z.union([byName, byHash]).default('roundRobin');

/** `retries`. */
export const retries = z.int().min(0).max(100).default(2);
