import { z } from 'zod';
import { byteSize, duration } from '../../plugin.ts';
import { maxAge } from './age-config.ts';
import { deadline } from './deadline-config.ts';
import { balancer, maxConnections, retries, upstreamEndpoint, upstreamEndpoints } from './endpoint-config.ts';
import { headerRules } from './header-rules.ts';
import { healthCheck, passiveHealth } from './health-config.ts';
import { hold } from './hold-config.ts';
import { resolve } from './resolve-config.ts';

const isMap = ({ value }: { readonly value: unknown }): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const limit = () => duration().prefault('0');

const pem = (what: string) =>
  z
    .union([z.string().min(1), z.strictObject({ file: z.string().min(1) })], {
      error: 'must be a path, a PEM text, or {file: PATH}',
    })
    .optional()
    .describe(`${what}: a path, relative to this file, or the PEM text itself.`);

const tls = z
  .strictObject({
    ca: pem("Authorities that may have signed the upstream's certificate, in place of those of the system"),
    cert: pem('A certificate to show to the upstream, with its chain; needs `key`'),
    key: pem('The private key of `cert`'),
    servername: z
      .string()
      .min(1)
      .optional()
      .describe(
        "The name to ask for (SNI) and to expect in the certificate, in place of the endpoint's host.",
      ),
    rejectUnauthorized: z
      .boolean()
      .default(true)
      .describe(
        'Refuse an upstream whose certificate is not valid. With `false` anybody between here and the upstream can ' +
          'read and change everything: for tests only.',
      ),
  })
  .prefault({});

const options = z.strictObject({
  upstreamEndpoint: upstreamEndpoint.describe(
    'Where to forward to: a `ws://` or `wss://` URL. May hold parameters of the route, such as `:id`, in its path. ' +
      'Required, unless there are `upstreamEndpoints`.',
  ),
  upstreamEndpoints: upstreamEndpoints.describe(
    'Several endpoints in place of one, as URLs or as `{url, weight, maxConnections}`.',
  ),
  balancer: balancer.describe(
    'How an endpoint is chosen: `roundRobin` in turn, `leastConnections`, `randomTwo` the better of two drawn by lot, ' +
      'or `{hash: KEY}` the same one for the same `ip`, `header:NAME`, `cookie:NAME`, `query:NAME` or `param:NAME`.',
  ),
  maxConnections: maxConnections().describe(
    'Most connections at a time, over all endpoints; more get 503 with `Retry-After`. `0`: any number.',
  ),
  retries: retries.describe(
    'How many other endpoints are asked when one cannot be reached, breaks off before it answers, or answers 502, 503 ' +
      'or 504.',
  ),
  resolve: resolve.describe(
    'Looks up the names of endpoints again and again. Without it, a name is one endpoint and is looked up for each ' +
      'connection.',
  ),
  passiveHealth: passiveHealth.describe(
    'When endpoints whose handshakes fail get no new connections for a while.',
  ),
  healthCheck: healthCheck.describe('Checks every endpoint from time to time. Without it, none.'),
  hold: hold.describe(
    'Keeps a client connected while its upstream restarts: the gateway dials again and goes on. The upstream must be able ' +
      'to resume. Without it, a client is closed with its upstream.',
  ),
  pingInterval: limit().describe(
    'How often the client and the upstream are pinged. Keeps whatever is on the way from dropping quiet ' +
      'connections. `0`: never.',
  ),
  pongTimeout: limit().describe(
    'How long a pinged side may give no sign of life; then it is reset and the other side is told. Needs ' +
      '`pingInterval`. `0`: for ever.',
  ),
  maxInactivity: limit().describe(
    'How long a connection may be without a message, either way; then it is closed with 1001. Pings and pongs do ' +
      'not count. `0`: for ever.',
  ),
  maxAge: maxAge.describe(
    'How old a connection may become; then it is drained (1012, at the end of a message), so that clients spread again over ' +
      'what has been added since. Without it, any age.',
  ),
  connectTimeout: deadline('5s').describe(
    'How long one attempt to connect to the upstream may take, TLS included; then 504, unless it has another ' +
      'address to try. Not `0`.',
  ),
  handshakeTimeout: deadline('10s').describe(
    'How long the whole handshake with the upstream may take, name look-up and connecting included; then 504. ' +
      'Not `0`.',
  ),
  closeTimeout: deadline('5s').describe(
    'How long a side may take to answer a close frame before its TCP connection is ended. Not `0`.',
  ),
  writeTimeout: limit().describe(
    'How long a side may not read what waits for it; then the connection ends. `0`: for ever, while the other side ' +
      'waits.',
  ),
  maxMessageSize: byteSize()
    .prefault('0')
    .describe(
      'Largest message from either side, such as `64KiB`, as it is on the wire (compressed, if it is); its sender gets ' +
        '1009. `0`: any.',
    ),
  maxControlFrames: z
    .int()
    .min(0)
    .default(100)
    .describe(
      'Most pings, pongs and empty fragments a second from one side, twice as many in a burst; its sender gets 1008. ' +
        '`0`: any number.',
    ),
  preserveHost: z
    .boolean()
    .optional()
    // Whether it was written matters to the warnings, so the default is filled in by `forwardOptions`.
    .meta({ default: true })
    .describe(
      "Send the client's `Host` upstream. `false` sends the endpoint's, which most public servers need.",
    ),
  headers: headerRules.describe('Changes to the headers of the upstream request.'),
  tls: tls.describe('For `wss://` endpoints.'),
});

/** Options of `plugins.wsfw.actions.WebSocketAction`. The descriptions are the reference. */
export const webSocketConfig = options
  .refine(
    ({ upstreamEndpoint: one, upstreamEndpoints: several }) => one !== undefined || several !== undefined,
    {
      path: ['upstreamEndpoint'],
      error: 'required, unless there are upstreamEndpoints',
      when: isMap,
    },
  )
  .refine(
    ({ upstreamEndpoint: one, upstreamEndpoints: several }) => one === undefined || several === undefined,
    {
      path: ['upstreamEndpoints'],
      error: 'cannot stand beside upstreamEndpoint. Put them all in this list',
      when: isMap,
    },
  )
  .meta({ oneOf: [{ required: ['upstreamEndpoint'] }, { required: ['upstreamEndpoints'] }] });

/** The validated options. */
export type WebSocketConfig = z.output<typeof webSocketConfig>;
