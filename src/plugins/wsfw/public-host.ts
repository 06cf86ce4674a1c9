import ipaddr from 'ipaddr.js';

/** Names that no public server has (RFC 2606, 6761, 6762, 8375), and those that clusters give. */
const PRIVATE_SUFFIXES = [
  'localhost',
  'local',
  'internal',
  'intranet',
  'lan',
  'home',
  'corp',
  'private',
  'home.arpa',
  'test',
  'svc',
];

/** Whether a host is on the open network, as far as its name or address tells. */
export function looksPublic(host: string): boolean {
  if (ipaddr.isValid(host)) return ipaddr.process(host).range() === 'unicast';
  const name = host.toLowerCase().replace(/\.$/, '');
  if (!name.includes('.')) return false;
  return !PRIVATE_SUFFIXES.some((suffix) => name.endsWith(`.${suffix}`));
}
