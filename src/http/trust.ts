import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { WsfwError } from '../base/errors.ts';

/** Whether an address is one of our own proxies. */
export type Trust = (address: string) => boolean;

/** How a socket that takes both kinds of addresses writes one of IPv4. */
const MAPPED = '::ffff:';

/** An IP address as others compare it: IPv4 in IPv6 unwrapped, no zone, no port, no brackets. `null` for anything else. */
export function plainAddress(text: string): string | null {
  // As sockets say it: nothing is left to be taken off.
  if (isIPv4(text)) return text;
  const unmapped = text.startsWith(MAPPED) ? text.slice(MAPPED.length) : '';
  if (isIPv4(unmapped)) return unmapped;
  const bare = text
    .trim()
    .replace(/^\[([^\]]*)\](?::\d+)?$/, '$1')
    .replace(/^([\d.]+):\d+$/, '$1')
    .replace(/%.*$/, '');
  if (bare.includes(':') ? !ipaddr.IPv6.isValid(bare) : !ipaddr.IPv4.isValidFourPartDecimal(bare))
    return null;
  return ipaddr.process(bare).toString();
}

/**
 * Compiles addresses and CIDR ranges.
 * @throws `WSFW_CONFIG_INVALID` naming the one that is neither.
 */
export function compileTrust(ranges: readonly string[]): Trust {
  const compiled = ranges.map(parseRange);
  return (address) => {
    if (compiled.length === 0) return false;
    const plain = plainAddress(address);
    if (plain === null) return false;
    const parsed = ipaddr.parse(plain);
    return compiled.some(
      ([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits),
    );
  };
}

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

function parseRange(text: string): Range {
  try {
    if (text.includes('/')) return unmapped(ipaddr.parseCIDR(text));
    const address = ipaddr.process(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  } catch (cause) {
    throw new WsfwError('WSFW_CONFIG_INVALID', `${text} is neither an IP address nor a range of them`, {
      cause,
    });
  }
}

function unmapped([network, bits]: Range): Range {
  if (network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= 96) {
    return [network.toIPv4Address(), bits - 96];
  }
  return [network, bits];
}

/**
 * The client's address: the peer's, or, behind trusted proxies, the last entry of `X-Forwarded-For` that is not one
 * of theirs. An entry that is no address ends the walk at the proxy that passed it on.
 */
export function clientAddress(peer: string, forwardedFor: readonly string[], trusted: Trust): string {
  let address = plainAddress(peer) ?? peer;
  if (!trusted(address)) return address;
  const entries = forwardedFor.join(',').split(',');
  while (trusted(address)) {
    const entry = entries.pop();
    const next = entry === undefined ? null : plainAddress(entry);
    if (next === null) return address;
    address = next;
  }
  return address;
}
