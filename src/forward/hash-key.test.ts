import { describe, expect, it } from 'vitest';
import { FakeExchange, type FakeRequest, HANDSHAKE } from '../../test/support/fake-exchange.ts';
import { parseHashKey } from './hash-key.ts';

function keyOf(text: string, request: FakeRequest = {}): string | null {
  const verdict = parseHashKey(text);
  if (!verdict.ok) throw new Error(verdict.problem);
  return verdict.key(new FakeExchange(request));
}

const withHeaders = (...headers: [string, string][]): FakeRequest => ({
  headers: [...HANDSHAKE, ...headers],
});

describe('a key to hash', () => {
  it.each<[string, FakeRequest, string]>([
    ['ip', { address: '192.0.2.7' }, '192.0.2.7'],
    ['ip', { address: '::ffff:192.0.2.7' }, '192.0.2.7'],
    ['ip', { address: '2001:db8:1:2:3::4' }, '2001:db8:1:2::/64'],
    ['header:X-User', withHeaders(['x-user', 'ada'], ['X-User', 'bob']), 'ada'],
    ['cookie:session', withHeaders(['Cookie', 'a=b; session=x=y; session=z']), 'x=y'],
    ['cookie:session', withHeaders(['Cookie', 'a=b'], ['Cookie', 'session=x']), 'x'],
    ['query:room', { target: '/ws?a=b&room=c%20d&room=e' }, 'c%20d'],
    ['query:ro om', { target: '/ws?ro+om=1' }, '1'],
    ['param:id', { params: { id: 'a%2Fb' } }, 'a%2Fb'],
  ])('%s of a request', (text, request, key) => {
    expect(keyOf(text, request)).toBe(key);
  });

  it.each<[string, FakeRequest]>([
    ['ip', { address: '' }],
    ['header:X-User', {}],
    ['header:X-User', withHeaders(['X-User', ''])],
    ['cookie:session', {}],
    ['cookie:session', withHeaders(['Cookie', 'sessions=a; Session=b; session=; session'])],
    ['query:room', { target: '/ws' }],
    ['query:room', { target: '/ws?room=' }],
    ['param:id', {}],
  ])('%s is absent from a request without it', (text, request) => {
    expect(keyOf(text, request)).toBeNull();
  });

  it('takes what a middleware put into the headers for the upstream', () => {
    const exchange = new FakeExchange();
    exchange.outgoing.headers.set('X-User', 'ada');
    const verdict = parseHashKey('header:X-User');
    expect(verdict.ok && verdict.key(exchange)).toBe('ada');
  });

  it.each([
    ['', 'must be ip, header:NAME'],
    ['address', 'must be ip, header:NAME'],
    ['ip:1', 'must be ip, header:NAME'],
    [':name', 'must be ip, header:NAME'],
    ['constructor:name', 'must be ip, header:NAME'],
    ['cookie', 'must be ip, header:NAME'],
    ['cookie:', 'needs a name: cookie:NAME'],
    ['header:X User', 'has a name that no header can have'],
    ['cookie:a;b', 'has a name that no cookie can have'],
  ])('is not %j', (text, problem) => {
    expect(parseHashKey(text)).toEqual({ ok: false, problem: expect.stringContaining(problem) as string });
  });
});
