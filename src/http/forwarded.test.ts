import { describe, expect, it } from 'vitest';
import { HeaderList } from '../base/header-list.ts';
import { isEncrypted, outgoingHeaders } from './forwarded.ts';
import { clientAddress, compileTrust, plainAddress } from './trust.ts';

type Pairs = [string, string][];
const ORIGIN = {
  peer: '10.0.0.1',
  trusted: false,
  encrypted: false,
  client: '10.0.0.1',
  host: 'chat.example',
  requestId: 'id-1',
};
const outgoing = (headers: Pairs, origin: Partial<typeof ORIGIN> = {}) =>
  outgoingHeaders(new HeaderList(headers), { ...ORIGIN, ...origin });

describe('the headers that go upstream', () => {
  it('are the end-to-end ones, in order, repeated ones too', () => {
    const kept: Pairs = [
      ['Host', 'chat.example'],
      ['Cookie', 'a=1'],
      ['X-Twice', '1'],
      ['Cookie', 'b=2'],
      ['x-twice', '2'],
    ];
    const dropped: Pairs = [
      ['Connection', 'Upgrade, X-Secret'],
      ['X-Secret', 'hop'],
      ['Upgrade', 'websocket'],
      ['Keep-Alive', '5'],
      ['Proxy-Connection', 'x'],
      ['Proxy-Authorization', 'x'],
      ['TE', 'trailers'],
      ['Transfer-Encoding', 'chunked'],
      ['Expect', '100-continue'],
      ['Content-Length', '0'],
      ['Sec-WebSocket-Key', 'x'],
      ['Sec-WebSocket-Extensions', 'x'],
      ['X-Wsfw-User', 'root'],
      ['HTTP2-Settings', 'x'],
    ];
    const headers = [...outgoing([...dropped, ...kept])];
    expect(headers.slice(0, kept.length)).toEqual(kept);
    expect(headers.slice(kept.length).map(([name]) => name)).toEqual([
      'X-Forwarded-For',
      'X-Forwarded-Proto',
      'X-Forwarded-Host',
      'X-Real-IP',
      'Forwarded',
      'X-Request-Id',
    ]);
  });

  it('say afresh where a request of an untrusted peer came from', () => {
    const headers = outgoing(
      [
        ['X-Forwarded-For', '1.1.1.1'],
        ['X-Forwarded-Prefix', '/x'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Real-IP', '1.1.1.1'],
        ['Forwarded', 'for=1.1.1.1'],
        ['X-Request-Id', 'theirs'],
      ],
      { peer: '2001:db8::1', client: '2001:db8::1', encrypted: true },
    );
    expect(headers.getAll('x-forwarded-for')).toEqual(['2001:db8::1']);
    expect(headers.getAll('x-forwarded-proto')).toEqual(['https']);
    expect(headers.getAll('x-forwarded-host')).toEqual(['chat.example']);
    expect(headers.getAll('x-real-ip')).toEqual(['2001:db8::1']);
    expect(headers.getAll('forwarded')).toEqual(['for="[2001:db8::1]";host="chat.example";proto=https']);
    expect(headers.has('x-forwarded-prefix')).toBe(false);
    expect(headers.getAll('x-request-id')).toEqual(['id-1']);
  });

  it('keep what a trusted peer says and append to its list', () => {
    const headers = outgoing(
      [
        ['X-Forwarded-For', '1.1.1.1'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-For', '2.2.2.2'],
        ['X-Forwarded-Host', 'outside.example'],
      ],
      { trusted: true, client: '2.2.2.2' },
    );
    expect(headers.getAll('x-forwarded-for')).toEqual(['1.1.1.1, 2.2.2.2, 10.0.0.1']);
    expect(headers.get('x-forwarded-proto')).toBe('https');
    expect(headers.get('x-forwarded-host')).toBe('outside.example');
    expect(headers.get('x-real-ip')).toBe('2.2.2.2');
    expect(headers.has('forwarded')).toBe(false);
  });
});

describe('the client address', () => {
  const trust = compileTrust(['10.0.0.0/8', '::1', '2001:db8::/32', '::ffff:192.0.2.1']);
  it.each([
    ['an untrusted peer itself', '9.9.9.9', ['1.1.1.1'], '9.9.9.9'],
    ['the last entry that is no proxy of ours', '10.0.0.1', ['6.6.6.6, 1.1.1.1', '10.0.0.2'], '1.1.1.1'],
    ['the first entry when all are ours', '10.0.0.1', ['10.0.0.3,10.0.0.2'], '10.0.0.3'],
    ['the proxy when it says nothing', '10.0.0.1', [], '10.0.0.1'],
    ['the proxy that passed on nonsense', '10.0.0.1', ['1.1.1.1, unknown, 10.0.0.2'], '10.0.0.2'],
    ['IPv4 even where the peer came in IPv6', '::ffff:10.0.0.1', ['[2001:db9::1]:443'], '2001:db9::1'],
    ['an entry without its port', '::1', ['1.1.1.1:8080'], '1.1.1.1'],
    ['an entry behind a mapped proxy', '192.0.2.1', ['1.1.1.1'], '1.1.1.1'],
  ])('is %s', (_, peer, forwardedFor, expected) => {
    expect(clientAddress(peer, forwardedFor, trust)).toBe(expected);
  });

  it('comes without zone and in one spelling', () => {
    expect(plainAddress('fe80::1%eth0')).toBe('fe80::1');
    expect(plainAddress('2001:DB8:0:0::1')).toBe('2001:db8::1');
    expect(plainAddress('1.2.3')).toBeNull();
    expect(plainAddress('')).toBeNull();
  });

  it('needs ranges that are ranges', () => {
    expect(() => compileTrust(['10.0.0.0/8', 'proxy'])).toThrow('proxy is neither');
    expect(() => compileTrust(['10.0.0.0/99'])).toThrow('10.0.0.0/99 is neither');
  });

  it('is behind encryption when the peer is, or a trusted one says so', () => {
    const told = new HeaderList([['X-Forwarded-Proto', 'wss']]);
    expect(isEncrypted(told, false, true)).toBe(true);
    expect(isEncrypted(told, false, false)).toBe(false);
    expect(isEncrypted(new HeaderList(), true, true)).toBe(true);
  });
});
