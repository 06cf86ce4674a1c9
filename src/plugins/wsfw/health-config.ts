import { z } from 'zod';
import { deadline } from './deadline-config.ts';
import { switchableMap } from './switchable-map.ts';

const PERCENT = /^(\d{1,3}(?:\.\d+)?)%$/;

/** `50%`: 0.5 after parsing. */
const percent = z.string({ error: 'expected a percentage such as 50%' }).transform((text, context) => {
  const number = Number(PERCENT.exec(text)?.[1] ?? Number.NaN);
  if (number <= 100) return number / 100;
  context.addIssue({ code: 'custom', message: 'must be a percentage from 0% to 100%' });
  return z.NEVER;
});

/** `passiveHealth`. */
export const passiveHealth = z
  .strictObject({
    failures: z
      .int()
      .min(0)
      .default(3)
      .describe(
        'Handshakes in a row that have to fail until an endpoint is ejected: it gets no new connections. `0`: never.',
      ),
    ejectFor: deadline('10s').describe(
      'How long an ejected endpoint is out; twice as long each time it fails again, up to 16 times. Not `0`.',
    ),
    maxEjected: percent
      .prefault('50%')
      .describe('The most endpoints that may be out, those that are unhealthy included; one alone never is.'),
  })
  // The forwarding has the same defaults; whether it was written matters to the warnings.
  .optional();

const count = (fallback: number) => z.int().min(1).default(fallback);

/** `healthCheck`. */
export const healthCheck = switchableMap(
  {
    type: z
      .enum(['websocket', 'tcp', 'http'])
      .default('websocket')
      .describe(
        'What is tried: `websocket` a handshake and a ping, `http` a GET that has to be answered with 2xx, `tcp` a ' +
          'connection, with TLS for `wss://`.',
      ),
    path: z
      .string()
      .regex(/^\/[\x21-\x7e]*$/, { error: 'must start with / and have no spaces' })
      .optional()
      .describe("What to ask for. Default: the endpoint's own path for `websocket`, `/` for `http`."),
    interval: deadline('10s').describe('How often each endpoint is checked. Not `0`.'),
    timeout: deadline('5s').describe('How long a check may take until it has failed. Not `0`.'),
    healthyAfter: count(2).describe('Checks in a row that have to succeed until an endpoint is used again.'),
    unhealthyAfter: count(3).describe(
      'Checks in a row that have to fail until an endpoint gets no new connections. The very first decides alone.',
    ),
  },
  'interval',
).optional();
