import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_PROXY_HEADER_BYTES, type ProxyHeader, readProxyHeader } from './proxy-header.ts';

const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';

/** A header of version 2: command, family and protocol, then whatever follows. */
function v2(command: number, family: number, rest: readonly number[]): Buffer {
  const fixed = Buffer.from([command, family, rest.length >> 8, rest.length & 0xff]);
  return Buffer.concat([Buffer.from(SIGNATURE, 'latin1'), fixed, Buffer.from(rest)]);
}

const ipv4 = [192, 0, 2, 1, 198, 51, 100, 7, 0xc0, 0x00, 0x01, 0xbb];
const ipv6 = [
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
  ...[0x30, 0x39, 0x01, 0xbb],
];

const complete = (header: Buffer, source: { address: string; port: number } | null): ProxyHeader => ({
  kind: 'complete',
  bytes: header.length,
  source,
});

const HEADERS: [name: string, header: Buffer, source: { address: string; port: number } | null][] = [
  [
    'version 1 over IPv4',
    Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.7 49152 443\r\n'),
    { address: '192.0.2.1', port: 49_152 },
  ],
  [
    'version 1 over IPv6',
    Buffer.from('PROXY TCP6 2001:db8::1 2001:db8::2 12345 443\r\n'),
    { address: '2001:db8::1', port: 12_345 },
  ],
  ['version 1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), null],
  ['version 1, unknown with more', Buffer.from(`PROXY UNKNOWN ${'f'.repeat(91)}\r\n`), null],
  ['version 2 over IPv4', v2(0x21, 0x11, ipv4), { address: '192.0.2.1', port: 49_152 }],
  ['version 2 over IPv6', v2(0x21, 0x21, ipv6), { address: '2001:db8::1', port: 12_345 }],
  [
    'version 2 with TLVs',
    v2(0x21, 0x11, [...ipv4, 0x04, 0, 3, 1, 2, 3]),
    { address: '192.0.2.1', port: 49_152 },
  ],
  ['version 2, local', v2(0x20, 0x00, []), null],
  ['version 2, local with addresses', v2(0x20, 0x11, ipv4), null],
  ['version 2, a UNIX socket', v2(0x21, 0x31, new Array<number>(216).fill(0)), null],
];

describe('readProxyHeader', () => {
  it.each(HEADERS)('reads %s', (_name, header, source) => {
    expect(readProxyHeader(header)).toEqual(complete(header, source));
  });

  it.each(HEADERS)('waits for the rest of %s, and leaves what follows it', (_name, header, source) => {
    for (let length = 0; length < header.length; length++) {
      expect(readProxyHeader(header.subarray(0, length))).toEqual({ kind: 'incomplete' });
    }
    const withMore = Buffer.concat([header, Buffer.from('GET / HTTP/1.1\r\n')]);
    expect(readProxyHeader(withMore)).toEqual(complete(header, source));
  });

  it.each([
    ['a request without a header', Buffer.from('GET /ws HTTP/1.1\r\n'), 'no PROXY header'],
    ['a TLS handshake', Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00]), 'no PROXY header'],
    ['a line without an end', Buffer.from(`PROXY UNKNOWN ${'f'.repeat(93)}`), 'no end'],
    ['an unknown protocol', Buffer.from('PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n'), 'no protocol'],
    ['an address too few', Buffer.from('PROXY TCP4 192.0.2.1 1 2\r\n'), 'no two addresses'],
    ['a word too many', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n'), 'no two addresses'],
    ['an IPv6 address as IPv4', Buffer.from('PROXY TCP4 2001:db8::1 192.0.2.2 1 2\r\n'), 'no two addresses'],
    ['a short IPv4 address', Buffer.from('PROXY TCP4 192.2 192.0.2.2 1 2\r\n'), 'no two addresses'],
    ['a zone', Buffer.from('PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n'), 'no two addresses'],
    ['a port too high', Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n'), 'no two addresses'],
    [
      'a port with a zero in front',
      Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n'),
      'no two addresses',
    ],
    ['another version', v2(0x31, 0x11, ipv4), 'version or command'],
    ['another command', v2(0x22, 0x11, ipv4), 'version or command'],
    ['addresses cut short', v2(0x21, 0x21, ipv4), 'too short'],
    ['a header too long', v2(0x21, 0x11, new Array<number>(MAX_PROXY_HEADER_BYTES).fill(0)), 'too long'],
  ])('refuses %s', (_name, header, detail) => {
    const read = readProxyHeader(header);
    expect(read.kind === 'invalid' ? read.detail : read.kind).toContain(detail);
  });

  it('never throws, and never asks for more than the limit', () => {
    const start = fc
      .constantFrom('', 'PROXY ', 'PROXY TCP4 ', SIGNATURE)
      .map((text) => Buffer.from(text, 'latin1'));
    const rest = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(start, rest, (first, second) => {
        const header = readProxyHeader(Buffer.concat([first, second]));
        if (header.kind === 'complete')
          expect(header.bytes).toBeLessThanOrEqual(first.length + second.length);
      }),
    );
    for (const first of ['PROXY ', SIGNATURE]) {
      const bytes = Buffer.concat([Buffer.from(first, 'latin1'), Buffer.alloc(MAX_PROXY_HEADER_BYTES, 0x21)]);
      expect(readProxyHeader(bytes).kind).toBe('invalid');
    }
  });
});
