import { z } from 'zod';
import { byteSize, duration, parseEndpoint } from '../../plugin.ts';
import { headerRules } from './header-rules.ts';

/** A wait that something depends on: it cannot be switched off. */
const deadline = (fallback: string) =>
  duration()
    .prefault(fallback)
    .refine((ms) => ms > 0, { error: 'must not be 0: every wait has to end' });

const limit = () => duration().prefault('0');

const upstreamEndpoint = z.string().superRefine((url, context) => {
  const verdict = parseEndpoint(url);
  if (!verdict.ok) context.addIssue({ code: 'custom', message: verdict.problem });
});

const pem = (what: string) =>
  z
    .union([z.string().min(1), z.strictObject({ file: z.string().min(1) })], {
      error: 'must be a path, a PEM text, or {file: PATH}',
    })
    .optional()
    .describe(`${what}: a path, relative to this file, or the PEM text itself.`);

const tls = z
  .strictObject({
    ca: pem(
      "Certificates of the authorities that may have signed the upstream's. Default: those of the system",
    ),
    cert: pem('The certificate to show to the upstream, with its chain; needs `key`. Default: none'),
    key: pem('The private key of `cert`. Default: none'),
    servername: z
      .string()
      .min(1)
      .optional()
      .describe("Name to ask for (SNI) and to expect in the certificate. Default: the endpoint's host."),
    rejectUnauthorized: z
      .boolean()
      .default(true)
      .describe(
        'Whether to refuse an upstream whose certificate is not valid. Default `true`. With `false` anybody between ' +
          'here and the upstream can read and change everything: for a test only.',
      ),
  })
  .prefault({});

/** Options of `plugins.wsfw.actions.WebSocketAction`. The descriptions are the reference. */
export const webSocketConfig = z.strictObject({
  upstreamEndpoint: upstreamEndpoint.describe(
    'Where to forward to: a `ws://` or `wss://` URL. Required. `:name` in its path takes the route’s parameter; what a ' +
      'wildcard route matched is appended to it. Its query pairs come first and win over the client’s.',
  ),
  pingInterval: limit().describe(
    'How often the gateway pings the client and the upstream, each. Default `0`: never. Keeps middleboxes from ' +
      'dropping quiet connections, and is what `pongTimeout` needs. Jittered, so that pings do not come in waves.',
  ),
  pongTimeout: limit().describe(
    'A pinged side is dead after so long with no sign of life: its connection is reset and the other side is told. ' +
      'Default `0`: never. `pingInterval: 10s` with `pongTimeout: 30s` forgives two lost pings. Without `pingInterval` ' +
      'it does nothing.',
  ),
  maxInactivity: limit().describe(
    'Ends a connection (1001) on which no data frame passed for so long, either way. Default `0`: never. Pings and ' +
      'pongs do not count, so a quiet but healthy connection ends too.',
  ),
  connectTimeout: deadline('5s').describe(
    'How long one attempt to reach an endpoint may take, TLS included. Default `5s`; never `0`. After it the client gets ' +
      '504, unless another address is left to try.',
  ),
  handshakeTimeout: deadline('10s').describe(
    'How long the whole handshake may take, from the choice of an endpoint until its answer is complete, name look-up ' +
      'and further attempts included. Default `10s`; never `0`. After it the client gets 504.',
  ),
  closeTimeout: deadline('5s').describe(
    'How long a side may take to answer a close frame before its TCP connection is ended. Default `5s`; never `0`.',
  ),
  writeTimeout: limit().describe(
    'Ends a connection with a side that has not read what is queued for it for so long. Default `0`: never; the other ' +
      'side waits, and memory stays bounded.',
  ),
  maxMessageSize: byteSize()
    .prefault('0')
    .describe(
      'Largest message, from either side, in bytes of payload on the wire (compressed, if it is), fragments summed: ' +
        '`64KiB`, `1MiB`. Its sender gets 1009. Default `0`: no limit; messages are never held in memory whole.',
    ),
  maxControlFrames: z
    .int()
    .min(0)
    .default(100)
    .describe(
      'Most pings, pongs and empty fragments a second from one side, twice as many in a burst. Its sender gets 1008. ' +
        'Default `100`; `0`: no limit.',
    ),
  preserveHost: z
    .boolean()
    .optional()
    // Whether it was written matters to the warnings, so the default is filled in by `forwardOptions`.
    .meta({ default: true })
    .describe(
      'Whether the upstream gets the client’s `Host` (`true`, the default) or its own (`false`). Servers that are chosen ' +
        'by name, as most public ones are, need `false`.',
    ),
  headers: headerRules.describe('Changes to the headers of the upstream request. Default: none.'),
  tls: tls.describe('For `wss://` endpoints.'),
});

/** The validated options. */
export type WebSocketConfig = z.output<typeof webSocketConfig>;
