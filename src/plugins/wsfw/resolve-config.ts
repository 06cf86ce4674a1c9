import { isIP, isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { deadline } from './deadline-config.ts';
import { switchableMap } from './switchable-map.ts';

const SERVICE = /^_[A-Za-z0-9-]+\._[A-Za-z0-9-]+(?:\.[A-Za-z0-9_-]+)+\.?$/;
const WITH_PORT = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/;

function isServer(text: string): boolean {
  if (isIP(text) !== 0) return true;
  const [, six, four = '', port = '0'] = WITH_PORT.exec(text) ?? [];
  const hasAddress = six === undefined ? isIPv4(four) : isIPv6(six);
  return hasAddress && Number(port) >= 1 && Number(port) <= 65_535;
}

/** `resolve`. */
export const resolve = switchableMap(
  {
    interval: deadline('30s').describe(
      'How often the names of endpoints are looked up; each address that is found becomes an endpoint of its own. ' +
        'Not `0`.',
    ),
    srv: z
      .string()
      .regex(SERVICE, { error: 'must be the name of a service, such as _ws._tcp.chat.internal' })
      .optional()
      .describe('Looks up this service (SRV records) in place of the host of the one endpoint there is.'),
    servers: z
      .array(
        z
          .string()
          .refine(isServer, { error: 'must be an address, such as 10.0.0.53, 10.0.0.53:5353 or [::1]:53' }),
      )
      .min(1)
      .optional()
      .describe('DNS servers to ask. Default: those of the system, and its hosts file.'),
  },
  'interval',
).optional();
