import { z } from 'zod';
import {
  ADDRESS_EXPECTED,
  type ComponentKind,
  parseAddress,
  parseHost,
  parseRange,
  parseRoutePath,
  parseStaticPath,
  parseUse,
  type Syntax,
} from './syntax.ts';
import { duration } from './values.ts';

/** A text that a syntax check turns into what the gateway uses. */
function text<T>(parse: (text: string) => Syntax<T>, expected?: string) {
  return z.string(expected).transform((input, context): T => {
    const parsed = parse(input);
    if ('value' in parsed) return parsed.value;
    context.addIssue({ code: 'custom', message: parsed.wrong });
    return z.NEVER;
  });
}

const positiveDuration = () => duration().refine((ms) => ms > 0, 'expected more than 0');

/** More processes than any machine has cores are a slip of the finger. */
const MAX_WORKERS = 999;
const WORKERS_EXPECTED = `expected a number from 1 to ${MAX_WORKERS}, or auto`;

/** Codes that say that it is not the client's fault (RFC 6455 §7.4 and the IANA registry), or an application's own. */
const isDrainCode = (code: number): boolean =>
  [1001, 1012, 1013].includes(code) || (Number.isInteger(code) && code >= 3000 && code <= 4999);

const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

const flag = (meaning: string) => z.boolean().describe(meaning).default(false);

/** A number also as text, which is what a variable holds. */
const workers = z.union([
  z.int(WORKERS_EXPECTED).min(1, WORKERS_EXPECTED).max(MAX_WORKERS, WORKERS_EXPECTED),
  z.string(WORKERS_EXPECTED).regex(/^(auto|[1-9][0-9]{0,2})$/, WORKERS_EXPECTED),
]);

/** `server:`. Descriptions and defaults are the reference documentation. */
export const serverSchema = z.strictObject({
  address: text(parseAddress, ADDRESS_EXPECTED)
    .describe('Where to listen: `host:port`, `:port` or `[::1]:port`; port 0 takes a free one.')
    .prefault('0.0.0.0:8090'),
  tls: flag('Listen with TLS (`https://`, `wss://`). Needs `certFile` and `keyFile`.'),
  certFile: z
    .string()
    .min(1)
    .describe('PEM file of the certificate and its chain, relative to this file.')
    .optional(),
  keyFile: z.string().min(1).describe("PEM file of the certificate's key, relative to this file.").optional(),
  readTimeout: positiveDuration()
    .describe('How long a client may take to send a request, its body included; then 408.')
    .prefault('10s'),
  idleTimeout: positiveDuration()
    .describe(
      'How long a kept-alive HTTP connection may wait for its next request. WebSockets have none of it.',
    )
    .prefault('75s'),
  workers: workers
    .meta({ default: 1 })
    .describe(
      'Processes that share the port; `auto` takes one for each core. Only the command `wsfw start` heeds it.',
    )
    .optional(),
  prefork: z.boolean().meta({ default: false }).describe('`true` is `workers: auto`.').optional(),
  trustedProxies: z
    .array(text(parseRange))
    .describe(
      'Addresses and ranges (`10.0.0.0/8`) of the proxies in front whose `X-Forwarded-*` headers are believed.',
    )
    .prefault([]),
  proxyProtocol: flag(
    'Connections of `trustedProxies` begin with a PROXY header (version 1 or 2), which says whose they are; others must not.',
  ),
  disableHealthCheck: flag('Serve no health routes.'),
  healthCheckLiveRoute: text(parseStaticPath)
    .describe('Answers 200 as long as the process works.')
    .prefault('/health/live'),
  healthCheckReadyRoute: text(parseStaticPath)
    .describe('Answers 200 while connections are taken, and 503 while draining.')
    .prefault('/health/ready'),
  strictRouting: flag('Tell `/a` and `/a/` apart.'),
  caseSensitive: flag('Tell `/Chat` and `/chat` apart.'),
  disableStartupMessage: flag('Print nothing at start but the log.'),
  enablePrintRoutes: flag('Log every route at start.'),
  appName: z.string().min(1).describe('The name in the startup message.').default('wsfw'),
  serverHeader: z
    .string()
    .regex(HEADER_VALUE, 'expected visible ASCII characters')
    .describe('The `Server` header of answers; empty for none.')
    .default(''),
  limits: z
    .strictObject({
      maxPendingHandshakes: z
        .number()
        .int()
        .min(1)
        .describe('Handshakes that may be under way at a time, upstreams included; more get 503.')
        .default(1000),
    })
    .describe('Limits that hold for the whole gateway.')
    .prefault({}),
  drain: z
    .strictObject({
      delay: duration()
        .describe(
          'How long a stop goes on taking connections while the ready route says 503 already: as long as load balancers need ' +
            'to notice. After it new handshakes get 503.',
        )
        .prefault(0),
      period: duration()
        .describe(
          'Over how long the closes are spread, so that clients do not all come back in the same second; `0` is at once. Not ' +
            'given: a thousand a second, and within 10 s.',
        )
        .optional(),
      timeout: duration()
        .describe('How long connections may take to close, from the first close on; `0` ends them at once.')
        .prefault('30s'),
      closeCode: z
        .number()
        .refine(isDrainCode, 'expected 1001, 1012, 1013, or a code from 3000 to 4999')
        .describe('What clients are told. 1012, "service restart", asks them to come back.')
        .default(1012),
    })
    .describe('How connections are sent away: at a stop, and after a reload.')
    .prefault({}),
  reload: z
    .strictObject({
      drainChanged: flag(
        'Close the connections of routes that a reload takes away or changes, or whose action it changes (1012 to ' +
          'clients, 1001 to upstreams). Otherwise they go on as they were opened.',
      ),
    })
    .describe('What a reload does.')
    .prefault({}),
});

/** An entry of `plugins:`. */
export const pluginSchema = z.strictObject(
  {
    path: z
      .string()
      .min(1)
      .describe(
        'A built-in (`wsfw`, `/plugins/wsfw.so`), a file relative to this one (`./my.js`), or a package.',
      ),
    config: z.unknown().describe("The plugin's own configuration.").optional(),
  },
  {
    error: ({ code }) =>
      code === 'invalid_type' ? 'expected a map with a path, as in - path: wsfw' : undefined,
  },
);

/** An entry of `middlewares:`, `actions:` or `storages:`. */
export const componentSchema = (kind: ComponentKind) =>
  z.strictObject({
    use: text((input) => parseUse(input, kind)).describe(`\`plugins.<plugin>.${kind}.<Component>\``),
    config: z.unknown().describe("The component's options.").optional(),
  });

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'all',
] as const;

const method = z.preprocess(
  (input) =>
    typeof input === 'string'
      ? (METHODS.find((each) => each.toLowerCase() === input.toLowerCase()) ?? input)
      : input,
  z.enum(METHODS),
);

/** An entry of `routes:`. */
export const routeSchema = z
  .strictObject({
    path: text(parseRoutePath).describe('What the route answers: `/a/b`, `/rooms/:id`, `/ws/*`.'),
    method: method.describe('One method, or `all`.').optional(),
    methods: z
      .union([method, z.array(method).min(1)], {
        error: 'expected a list of methods such as [GET, POST], or all',
      })
      .describe('Several methods, or `all`. Default: `all`, unless there is a `method`.')
      .optional(),
    host: text(parseHost)
      .describe('Only for requests to this host; `*.example.com` is any below it.')
      .optional(),
    middlewares: z
      .array(z.string())
      .describe('Names of middlewares that a request passes first, in order.')
      .default([]),
    action: z.string().describe('Name of the action that answers.'),
    name: z.string().min(1).describe("The route's name in logs; its path when it has none.").optional(),
  })
  .refine((route) => route.method === undefined || route.methods === undefined, {
    path: ['methods'],
    message: 'stands beside method: write one of them',
  });

/** The top-level keys. Loading goes through them one by one; this is for editors and for the documentation. */
export const rootSchema = z.strictObject({
  server: serverSchema.describe('Where and how the gateway listens.').optional(),
  plugins: z.array(pluginSchema).describe('The plugins to load, in order.').optional(),
  storages: z.record(z.string(), componentSchema('storages')).describe('Storages by name.').optional(),
  middlewares: z
    .record(z.string(), componentSchema('middlewares'))
    .describe('Middlewares by name.')
    .optional(),
  globalMiddlewares: z
    .array(z.string())
    .describe('Names of the middlewares that every request passes first, in order.')
    .optional(),
  actions: z.record(z.string(), componentSchema('actions')).describe('Actions by name.').optional(),
  routes: z
    .array(routeSchema)
    .describe('What answers which requests. The most specific route wins.')
    .optional(),
});
