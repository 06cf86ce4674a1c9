import { lookup } from 'node:dns/promises';
import { describe, expect, it } from 'vitest';
import { forwardingConfig } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
/** Some machines know it as 127.0.0.1 only. */
const LOCALHOST = (await lookup('localhost', { all: true })).map(({ address }) => address);

describe('a listener on IPv6', () => {
  it('tells the upstream of clients by their IPv6 address', async () => {
    const upstream = await bed.upstream();
    const gateway = await bed.gateway(forwardingConfig(upstream.url(), {}, { address: '[::1]:0' }));
    expect(gateway.host).toBe('::1');
    await bed.open({ port: gateway.port, host: '::1' });
    const { request } = await upstream.next();
    expect(request && headersOf(request, 'x-forwarded-for')).toEqual(['::1']);
    expect(request && headersOf(request, 'forwarded').join()).toContain('for="[::1]"');
    expect((await gateway.nextOpened()).clientAddress).toBe('::1');
  });

  it('on all addresses knows IPv4 clients by their IPv4 address, also as trusted ones', async () => {
    const upstream = await bed.upstream();
    const server = { address: '[::]:0', trustedProxies: ['127.0.0.1'] };
    const gateway = await bed.gateway(forwardingConfig(upstream.url(), {}, server));
    await bed.open({ port: gateway.port, headers: [['X-Forwarded-For', '203.0.113.5']] });
    const { request } = await upstream.next();
    expect(request && headersOf(request, 'x-forwarded-for')).toEqual(['203.0.113.5, 127.0.0.1']);
    expect((await gateway.nextOpened()).clientAddress).toBe('203.0.113.5');
  });
});

describe('an endpoint', () => {
  it.each(LOCALHOST)('named localhost is found at %s alone', async (host) => {
    const upstream = await bed.upstream({ host });
    const gateway = await bed.gateway(
      forwardingConfig(`ws://localhost:${upstream.port}/`, { preserveHost: false }),
    );
    const client = await bed.open({ port: gateway.port });
    const taken = await upstream.next();
    expect(taken.request && headersOf(taken.request, 'host')).toEqual([`localhost:${upstream.port}`]);
    client.sendText('found');
    expect((await taken.nextMessage()).payload.toString()).toBe('found');
  });

  it('at an IPv6 address is dialed bare, and bracketed in Host', async () => {
    const upstream = await bed.upstream({ host: '::1' });
    const gateway = await bed.gateway(
      forwardingConfig(`ws://[::1]:${upstream.port}/`, { preserveHost: false }),
    );
    await bed.open({ port: gateway.port });
    const { request } = await upstream.next();
    expect(request && headersOf(request, 'host')).toEqual([`[::1]:${upstream.port}`]);
  });
});
