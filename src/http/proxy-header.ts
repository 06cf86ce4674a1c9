import ipaddr from 'ipaddr.js';

/** Bytes of a PROXY header, TLVs included; more is refused. HAProxy's own senders stay below 600. */
export const MAX_PROXY_HEADER_BYTES = 4096;

/** An end of the connection that a load balancer passes on. */
export interface ProxiedSource {
  readonly address: string;
  readonly port: number;
}

export type ProxyHeader =
  /** What has come so far may become one. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid'; readonly detail: string }
  /** `source` is `null` when the balancer speaks for itself (`LOCAL`), or does not know (`UNKNOWN`, a UNIX socket). */
  | { readonly kind: 'complete'; readonly bytes: number; readonly source: ProxiedSource | null };

const SIGNATURE_V1 = Buffer.from('PROXY ');
const SIGNATURE_V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
/** The longest line of version 1, CR and LF included. */
const MAX_V1_BYTES = 107;
const FIXED_V2_BYTES = 16;

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };
const invalid = (detail: string): ProxyHeader => ({ kind: 'invalid', detail });

/**
 * Reads the header of the PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt), from the first bytes of a
 * connection. Checksums and other TLVs are skipped.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsLike(bytes, SIGNATURE_V1)) return bytes.length < SIGNATURE_V1.length ? INCOMPLETE : readV1(bytes);
  if (startsLike(bytes, SIGNATURE_V2)) return bytes.length < FIXED_V2_BYTES ? INCOMPLETE : readV2(bytes);
  return invalid('no PROXY header');
}

/** Whether the bytes and the signature agree as far as both go. */
function startsLike(bytes: Buffer, signature: Buffer): boolean {
  const length = Math.min(bytes.length, signature.length);
  return bytes.subarray(0, length).equals(signature.subarray(0, length));
}

function readV1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf('\r\n');
  if (end === -1) return bytes.length < MAX_V1_BYTES ? INCOMPLETE : invalid('the PROXY line has no end');
  const length = end + 2;
  const [, protocol, from = '', to = '', fromPort = '', toPort = '', ...others] = bytes
    .toString('latin1', 0, end)
    .split(' ');
  // What follows UNKNOWN is to be ignored.
  if (protocol === 'UNKNOWN') return { kind: 'complete', bytes: length, source: null };
  const isAddress = protocol === 'TCP4' ? isIpv4 : protocol === 'TCP6' ? isIpv6 : null;
  if (isAddress === null) return invalid('the PROXY line names no protocol that is known');
  const whole = isAddress(from) && isAddress(to) && isPort(fromPort) && isPort(toPort) && others.length === 0;
  if (!whole) return invalid('the PROXY line has no two addresses and ports');
  return { kind: 'complete', bytes: length, source: { address: from, port: Number(fromPort) } };
}

const isIpv4 = (text: string): boolean => ipaddr.IPv4.isValidFourPartDecimal(text);
const isIpv6 = (text: string): boolean => /^[0-9A-Fa-f:.]+$/.test(text) && ipaddr.IPv6.isValid(text);
const isPort = (text: string): boolean => /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535;

const COMMAND = { local: 0x20, proxy: 0x21 };
/** Bytes of one address by family; port lengths are those of TCP and UDP alike. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { 1: 4, 2: 16 };

function readV2(bytes: Buffer): ProxyHeader {
  const command = bytes.readUInt8(12);
  const length = FIXED_V2_BYTES + bytes.readUInt16BE(14);
  if (command !== COMMAND.local && command !== COMMAND.proxy)
    return invalid('the PROXY header has a version or command that is unknown');
  if (length > MAX_PROXY_HEADER_BYTES) return invalid('the PROXY header is too long');
  if (bytes.length < length) return INCOMPLETE;
  if (command === COMMAND.local) return { kind: 'complete', bytes: length, source: null };
  const addressBytes = ADDRESS_BYTES[bytes.readUInt8(13) >> 4];
  // A family without an IP address, such as a UNIX socket: as if the balancer spoke for itself.
  if (addressBytes === undefined) return { kind: 'complete', bytes: length, source: null };
  if (length < FIXED_V2_BYTES + 2 * addressBytes + 4)
    return invalid('the PROXY header is too short for its addresses');
  const address = [...bytes.subarray(FIXED_V2_BYTES, FIXED_V2_BYTES + addressBytes)];
  const port = bytes.readUInt16BE(FIXED_V2_BYTES + 2 * addressBytes);
  return {
    kind: 'complete',
    bytes: length,
    source: { address: ipaddr.fromByteArray(address).toString(), port },
  };
}
