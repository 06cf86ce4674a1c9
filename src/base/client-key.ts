import ipaddr from 'ipaddr.js';

/**
 * What the requests of one client are counted under: its IPv4 address (also when written as an IPv6 one), or
 * the /64 of its IPv6 address, since that is what one subscriber gets and may take any address from.
 */
export function clientKey(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (!(parsed instanceof ipaddr.IPv6)) return parsed.toString();
  const network = parsed.parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
}
