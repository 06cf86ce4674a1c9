import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Endpoint, parseEndpoint } from '../upstream/endpoint.ts';
import { upstreamTarget } from './target.ts';

function endpoint(pathAndQuery: string): Endpoint {
  const verdict = parseEndpoint(`ws://upstream.test${pathAndQuery}`);
  if (!verdict.ok) throw new Error(verdict.problem);
  return verdict.endpoint;
}

const target = (configured: string, params: Record<string, string> = {}, query = ''): string =>
  upstreamTarget(endpoint(configured), { params, query });

const wild = (configured: string, remainder: string): string => target(configured, { '*': remainder });

const decodeOnce = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

describe('upstreamTarget', () => {
  it('is exactly the path of the endpoint under a fixed route', () => {
    expect(target('/ws')).toBe('/ws');
    expect(target('/ws/')).toBe('/ws/');
    expect(target('')).toBe('/');
    expect(target('/a%2Fb/../c')).toBe('/a%2Fb/../c');
  });

  it.each([
    ['/ws', 'chat', '/ws/chat'],
    ['/ws/', 'chat', '/ws/chat'],
    ['', 'chat', '/chat'],
    ['/ws', '', '/ws/'],
    ['/ws/', '', '/ws/'],
    ['/ws', 'a/b/', '/ws/a/b/'],
    ['/ws', 'a//b', '/ws/a//b'],
    ['/ws', '/chat', '/ws/chat'],
    ['/ws', 'a%20b/%C3%A4', '/ws/a%20b/%C3%A4'],
    ['/ws', 'a;b=c:d@e', '/ws/a;b=c:d@e'],
    ['/ws', '...', '/ws/...'],
    ['/ws', 'a%252e', '/ws/a%252e'],
    ['/ws', '100%', '/ws/100%'],
  ])('appends to %s what the wildcard matched, %j, by one slash', (configured, remainder, expected) => {
    expect(wild(configured, remainder)).toBe(expected);
  });

  it('never begins with two slashes, which would read as a host', () => {
    expect(wild('/', '//evil.test/x')).toBe('/evil.test/x');
  });

  it('puts the parameters of the route in their places, as they were sent', () => {
    expect(target('/rooms/:id/:file.json', { id: 'a%20b', file: 'c' })).toBe('/rooms/a%20b/c.json');
    expect(target('/:t', { t: 'x', '*': 'y/z' })).toBe('/x/y/z');
    expect(target('/a:b', { b: 'x' })).toBe('/a:b');
  });

  const traversals = [
    '.',
    '..',
    '%2e',
    '%2E%2e',
    '.%2e',
    'a%2Fb',
    'a%2fb',
    'a%5Cb',
    'a\\b',
    'a%00',
    '%0d%0a',
    'a%7F',
    '%1f',
  ];

  it.each(traversals)('refuses %j as a parameter and anywhere in what a wildcard matched', (segment) => {
    const refusal: unknown = expect.objectContaining({ code: 'WSFW_BAD_TARGET' });
    for (const attempt of [
      () => target('/rooms/:id', { id: segment }),
      () => wild('/ws', segment),
      () => wild('/ws', `a/${segment}`),
      () => wild('/ws', `${segment}/b`),
      () => wild('/ws', `a/${segment}/b`),
    ]) {
      expect(attempt).toThrow(refusal);
    }
  });

  it('refuses a slash within a parameter, and an empty one', () => {
    for (const id of ['a/b', '']) {
      expect(() => target('/rooms/:id', { id })).toThrow(
        expect.objectContaining({ code: 'WSFW_BAD_TARGET' }),
      );
    }
  });

  it('blames the configuration when the route has no such parameter', () => {
    expect(() => target('/rooms/:id')).toThrow(expect.objectContaining({ code: 'WSFW_CONFIG_INVALID' }));
  });

  it.each([
    ['/ws', '', '/ws'],
    ['/ws', 'a=1&b', '/ws?a=1&b'],
    ['/ws?x=1', '', '/ws?x=1'],
    ['/ws?x=1', 'a=%20+&&b', '/ws?x=1&a=%20+&&b'],
    ['/ws?x=1', 'x=2&y=3&x', '/ws?x=1&y=3'],
    ['/ws?x=1', '%78=2&X=3', '/ws?x=1&X=3'],
    ['/ws?x+y=1', 'x%20y=2', '/ws?x+y=1'],
    ['/ws?k%65y=1&key=2', 'key=3&other=4', '/ws?k%65y=1&key=2&other=4'],
  ])('gives %s with the query %j the target %s', (configured, query, expected) => {
    expect(target(configured, {}, query)).toBe(expected);
  });

  it('keeps whatever a wildcard matched below the path of the endpoint', () => {
    const character = fc.constantFrom('.', '/', '%', '2', 'e', 'E', 'f', '5', 'c', 'a', '\\', ';', '0');
    fc.assert(
      fc.property(fc.string({ unit: character, maxLength: 16 }), (remainder) => {
        let result: string;
        try {
          result = wild('/base', remainder);
        } catch {
          return;
        }
        expect(result).toBe(`/base/${remainder.replace(/^\/+/, '')}`);
        // Neither a server that resolves dot segments nor one that decodes first leaves the endpoint's path.
        expect(new URL(result, 'http://upstream.test').pathname).toMatch(/^\/base\//);
        expect(posix.normalize(decodeOnce(result))).toMatch(/^\/base\//);
      }),
      { numRuns: 2_000 },
    );
  });

  it("sends the endpoint's pairs first and none of the client's that has the name of one", () => {
    const pair = fc.tuple(
      fc.constantFrom('a', '%61', 'b', 'A', '', 'c+d', 'c%20d'),
      fc.stringMatching(/^[a-z0-9=%]{0,4}$/),
    );
    const query = fc
      .array(pair, { maxLength: 5 })
      .map((pairs) => pairs.map((parts) => parts.join('=')).join('&'));
    fc.assert(
      fc.property(query, query, (own, clients) => {
        const [, sent = ''] = target(`/ws?${own}`, {}, clients).split(/\?(.*)/s);
        expect(sent.startsWith(own)).toBe(true);
        if (own === '') return;
        const fixed = endpoint(`/?${own}`).fixedNames;
        const rest = sent.slice(own.length).replace(/^&/, '');
        const kept = (clients === '' ? [] : clients.split('&')).filter(
          (text) => !fixed.has([...new URLSearchParams(text).keys()][0] ?? ''),
        );
        expect(rest).toBe(kept.join('&'));
      }),
    );
  });
});
