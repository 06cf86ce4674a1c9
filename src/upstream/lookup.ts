import { ADDRCONFIG, promises as dns, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Clock } from '../base/clock.ts';

/** How long an answer is used. */
const CACHE_MS = 1_000;

/** All addresses of a name, in the system's order. Rejects as `dns.promises.lookup` does. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>;

// As net.connect asks by itself: no IPv6 address on a machine that has no IPv6.
const askSystem: Resolve = (hostname) =>
  dns.lookup(hostname, { all: true, verbatim: true, hints: ADDRCONFIG });

interface Known {
  readonly addresses: Promise<readonly LookupAddress[]>;
  /** Infinite while the look-up is under way. */
  untilMs: number;
}

/**
 * Makes a `lookup` for `net.connect`. Answers are kept for a second and look-ups under way are shared, since
 * `getaddrinfo` has four threads for the whole process; failures are told to those who wait and then forgotten.
 */
export function createLookup(clock: Clock, resolve: Resolve = askSystem): LookupFunction {
  const known = new Map<string, Known>();

  const addressesOf = (hostname: string): Promise<readonly LookupAddress[]> => {
    const nowMs = clock.now();
    for (const [name, { untilMs }] of known) if (untilMs <= nowMs) known.delete(name);
    const present = known.get(hostname);
    if (present !== undefined) return present.addresses;
    const asked: Known = { addresses: resolve(hostname), untilMs: Number.POSITIVE_INFINITY };
    known.set(hostname, asked);
    asked.addresses.then(
      () => {
        asked.untilMs = clock.now() + CACHE_MS;
      },
      () => known.delete(hostname),
    );
    return asked.addresses;
  };

  return (hostname, options, callback) => {
    const wanted = familyOf(options.family);
    addressesOf(hostname).then(
      (all) => {
        const fitting = wanted === 0 ? all : all.filter((address) => address.family === wanted);
        const [first] = fitting;
        if (first === undefined) callback(noAddress(hostname), '');
        else if (options.all === true) callback(null, [...fitting]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, ''),
    );
  };
}

function familyOf(family: number | 'IPv4' | 'IPv6' | undefined): number {
  if (family === 'IPv4') return 4;
  return family === 'IPv6' ? 6 : (family ?? 0);
}

const noAddress = (hostname: string): NodeJS.ErrnoException =>
  Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND', hostname });
