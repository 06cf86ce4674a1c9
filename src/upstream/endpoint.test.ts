import { describe, expect, it } from 'vitest';
import { type Endpoint, parseEndpoint } from './endpoint.ts';

function endpoint(url: string): Endpoint {
  const verdict = parseEndpoint(url);
  if (!verdict.ok) throw new Error(verdict.problem);
  return verdict.endpoint;
}

function problem(url: string): string {
  const verdict = parseEndpoint(url);
  if (verdict.ok) throw new Error(`${url} was taken`);
  return verdict.problem;
}

describe('parseEndpoint', () => {
  it('takes a URL apart and keeps path and query as they are written', () => {
    expect(endpoint('ws://Upstream.example:8080/a%2Fb/../c//?x=%20&y')).toEqual({
      name: 'ws://upstream.example:8080/a%2Fb/../c//',
      secure: false,
      host: 'upstream.example',
      port: 8080,
      authority: 'upstream.example:8080',
      path: '/a%2Fb/../c//',
      query: 'x=%20&y',
      placeholders: [],
      literals: ['/a%2Fb/../c//'],
      fixedNames: new Set(['x', 'y']),
    });
  });

  it.each([
    ['ws://host', 80, 'host', '/'],
    ['wss://host', 443, 'host', '/'],
    ['ws://host:80/', 80, 'host', '/'],
    ['ws://host:443/', 443, 'host:443', '/'],
    ['WSS://host:8443', 8443, 'host:8443', '/'],
    ['ws://host?x=1', 80, 'host', '/'],
  ])('gives %s its port, Host and path', (url, port, authority, path) => {
    expect(endpoint(url)).toMatchObject({ port, authority, path });
  });

  it('brackets IPv6 in Host and dials it bare', () => {
    expect(endpoint('ws://[::1]:8080/ws')).toMatchObject({
      host: '::1',
      authority: '[::1]:8080',
      name: 'ws://[::1]:8080/ws',
    });
    expect(endpoint('wss://[2001:DB8::1]/')).toMatchObject({
      host: '2001:DB8::1',
      authority: '[2001:DB8::1]',
    });
  });

  it('turns a name in another script into its ASCII form', () => {
    expect(endpoint('ws://bücher.example/').host).toBe('xn--bcher-kva.example');
  });

  it('finds placeholders at the start of a segment and nowhere else', () => {
    expect(endpoint('ws://h/:tenant/rooms/:id.json/a:b')).toMatchObject({
      placeholders: ['tenant', 'id'],
      literals: ['/', '/rooms/', '.json/a:b'],
    });
  });

  it('knows the names that its query fixes, decoded', () => {
    expect(endpoint('ws://h/?a%62c=1&x+y=2&=3&%C3%A4&%zz').fixedNames).toEqual(
      new Set(['abc', 'x y', '', 'ä', '%zz']),
    );
  });

  it.each([
    ['http://host/', 'ws:// or wss://'],
    ['host:8080/ws', 'not a URL'],
    ['', 'not a URL'],
    ['ws://', 'no host'],
    ['ws://:8080/', 'placeholder can only stand in the path'],
    ['ws://:room/ws', 'placeholder can only stand in the path'],
    ['ws://host::port/', 'placeholder can only stand in the path'],
    ['ws://host:port/', 'placeholder can only stand in the path'],
    ['ws://host/ws?room=:room', 'placeholder in its query'],
    ['ws://user:secret@host/', 'user name or password'],
    ['ws://user@host/', 'user name or password'],
    ['ws://host/#part', 'fragment'],
    ['ws://host:0/', 'port'],
    ['ws://host:65536/', 'port'],
    ['ws://host:8 0/', 'port'],
    ['ws://::1/', 'brackets'],
    ['ws://fe80::1/', 'brackets'],
    ['ws://[::1/', 'brackets'],
    ['ws://[fe80::1%25eth0]/', 'invalid host'],
    ['ws://[1.2.3.4]/', 'invalid host'],
    ['ws://ho st/', 'invalid host'],
    ['ws://host/a b', 'percent-encoded'],
    ['ws://host/a\r\nb', 'percent-encoded'],
    ['ws://host/?a=\u0000', 'percent-encoded'],
  ])('refuses %j with a reason', (url, reason) => {
    expect(problem(url)).toContain(reason);
  });

  it('never repeats what was written, since a secret may have been substituted into it', () => {
    for (const url of [
      'ws://user:hunter2@host/',
      'ws://hunter2 /',
      'hunter2://x',
      'ws://host/?key=hunter2 ',
    ]) {
      expect(problem(url)).not.toContain('hunter2');
    }
    expect(endpoint('ws://host/ws?key=hunter2').name).not.toContain('hunter2');
  });
});
