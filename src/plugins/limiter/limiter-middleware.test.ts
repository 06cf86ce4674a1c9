import { describe, expect, it } from 'vitest';
import { FakeExchange } from '../../../test/support/fake-exchange.ts';
import { fakeHost } from '../../../test/support/fake-host.ts';
import { limiterConfig, maxRequestsOf } from './limiter-config.ts';
import { LimiterMiddleware } from './limiter-middleware.ts';

function limiter(config: unknown) {
  const { host, clock, dispose } = fakeHost();
  const middleware = LimiterMiddleware.create({
    config: limiterConfig.parse(config),
    pluginConfig: undefined,
    host,
  });
  const request = async (address: string): Promise<FakeExchange | 'passed'> => {
    let passed = false;
    const exchange = new FakeExchange({ address });
    await middleware(exchange, async () => {
      passed = true;
    });
    return passed ? 'passed' : exchange;
  };
  return { request, clock, dispose };
}

describe('LimiterMiddleware', () => {
  it('lets five requests of an address pass in a minute by default, then answers 429', async () => {
    const { request, dispose } = limiter({});
    for (let i = 0; i < 5; i++) expect(await request('192.0.2.1')).toBe('passed');
    const refused = await request('192.0.2.1');
    if (refused === 'passed') throw new Error('the sixth request passed');
    expect(refused.answer?.status).toBe(429);
    expect(refused.answerHeader('Retry-After')).toBe('60');
    expect(refused.answerHeader('Content-Type')).toBe('application/problem+json');
    expect(await request('192.0.2.2')).toBe('passed');
    await dispose();
  });

  it('counts all addresses of a /64 together', async () => {
    const { request, dispose } = limiter({ maxRequests: 1 });
    expect(await request('2001:db8::1')).toBe('passed');
    expect(await request('2001:db8::2')).toMatchObject({ answer: { status: 429 } });
    expect(await request('2001:db8:0:1::1')).toBe('passed');
    await dispose();
  });

  it('starts afresh when the window is over, which refused requests do not prolong', async () => {
    const { request, clock } = limiter({ maxRequests: 1, expiration: '10s' });
    for (let i = 0; i < 10; i++) {
      expect((await request('192.0.2.1')) === 'passed').toBe(i === 0);
      clock.advance(1000);
    }
    expect(await request('192.0.2.1')).toBe('passed');
  });

  it('rounds Retry-After up to a whole second', async () => {
    const { request, dispose } = limiter({ maxRequests: 1, expiration: '300ms' });
    await request('192.0.2.1');
    const refused = await request('192.0.2.1');
    expect(refused !== 'passed' && refused.answerHeader('Retry-After')).toBe('1');
    await dispose();
  });
});

describe('the options of the limiter', () => {
  const limit = (config: unknown): number => maxRequestsOf(limiterConfig.parse(config));

  it('take the limit under either name', () => {
    expect(limit({})).toBe(5);
    expect(limit({ maxConnections: 7 })).toBe(7);
    expect(limit({ maxRequests: 8 })).toBe(8);
  });

  it('are all looked at, also when one is wrong', () => {
    const issues = limiterConfig.safeParse({ maxConnections: 1, maxRequests: 1, expiration: 60 }).error
      ?.issues;
    expect(issues?.map(({ path }) => path)).toEqual([['expiration'], ['maxRequests']]);
    expect(limiterConfig.safeParse(null).success).toBe(false);
  });

  it.each([
    [{ maxConnections: 1, maxRequests: 1 }, 'maxRequests', 'is the same option as maxConnections'],
    [{ maxConnections: 0 }, 'maxConnections', 'expected number to be >=1'],
    [{ expiration: 0 }, 'expiration', 'must not be 0'],
    [{ expiration: 60 }, 'expiration', 'write 60s'],
  ])('refuse %j', (config, option, message) => {
    const issues = limiterConfig.safeParse(config).error?.issues ?? [];
    expect(issues.map(({ path }) => path)).toEqual([[option]]);
    expect(issues[0]?.message).toContain(message);
  });
});
