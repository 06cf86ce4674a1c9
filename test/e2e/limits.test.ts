import { describe, expect, it } from 'vitest';
import { fragmented, OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headerOf, headersOf } from '../support/http-head.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import type { HandshakeScript, RawUpstream } from '../support/raw-upstream.ts';
import { settled } from '../support/resources.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem, tokensOf } from './problem.ts';

const bed = useTestBed();
let gateway: StartedGateway;
let upstream: RawUpstream;

async function start(
  handshake: HandshakeScript | 'manual' = {},
  action = {},
  server = {},
  overrides = {},
): Promise<void> {
  upstream = await bed.upstream({ handshake });
  gateway = await bed.gateway(forwardingConfig(upstream.url(), action, server), overrides);
}

async function open() {
  const client = await bed.open({ port: gateway.port });
  return { client, upstream: await upstream.next() };
}

const request = () => bed.request({ port: gateway.port });

describe('the limiter', () => {
  const limited = (config: object, server = {}) => {
    const base = forwardingConfig(upstream.url(), {}, server);
    return {
      ...base,
      plugins: [{ path: '/plugins/wsfw.so' }, { path: '/plugins/limiter.so' }],
      middlewares: { Limit: { use: 'plugins.limiter.middlewares.LimiterMiddleware', config } },
      routes: [{ path: '/', action: 'Forward', middlewares: ['Limit'] }],
    };
  };

  it.each(['maxConnections', 'maxRequests'])('refuses what is over %s with 429', async (name) => {
    upstream = await bed.upstream();
    gateway = await bed.gateway(limited({ [name]: 2, expiration: '60s' }));
    for (let i = 0; i < 2; i++) expect((await request()).answer.status).toBe(101);
    const { answer, connection } = await request();
    expectProblem(answer, 429);
    const seconds = Number(headerOf(answer, 'retry-after'));
    expect(seconds).toBeGreaterThan(0);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expect(upstream.connections).toHaveLength(2);
    expect(await gateway.nextRefusal()).toMatchObject({ status: 429, route: { pattern: '/' } });
  });

  it('counts clients behind a trusted proxy apart, and others as one', async () => {
    upstream = await bed.upstream();
    gateway = await bed.gateway(limited({ maxRequests: 1 }, { trustedProxies: ['127.0.0.1'] }));
    const from = async (address: string) =>
      (await bed.request({ port: gateway.port, headers: [['X-Forwarded-For', address]] })).answer.status;
    expect(await from('203.0.113.1')).toBe(101);
    expect(await from('203.0.113.1')).toBe(429);
    expect(await from('203.0.113.2')).toBe(101);
    expect(await from('2001:db8::1')).toBe(101);
    expect(await from('2001:db8::2')).toBe(429);
    gateway = await bed.gateway(limited({ maxRequests: 1 }));
    expect(await from('203.0.113.1')).toBe(101);
    expect(await from('203.0.113.2')).toBe(429);
  });

  it('can stand before every route', async () => {
    upstream = await bed.upstream();
    const config = { ...limited({ maxRequests: 1 }), globalMiddlewares: ['Limit'] };
    gateway = await bed.gateway({ ...config, routes: [{ path: '/', action: 'Forward' }] });
    expect((await request()).answer.status).toBe(101);
    expectProblem((await request()).answer, 429);
  });

  it('of five is the default', async () => {
    upstream = await bed.upstream();
    gateway = await bed.gateway(limited({}));
    for (let i = 0; i < 5; i++) expect((await request()).answer.status).toBe(101);
    expectProblem((await request()).answer, 429);
  });
});

describe('maxPendingHandshakes', () => {
  it('refuses what is over it with 503, until one is answered', async () => {
    let accept = (): void => undefined;
    const after = new Promise<void>((resolve) => {
      accept = resolve;
    });
    await start({ after }, {}, { limits: { maxPendingHandshakes: 2 } });
    const waiting = await Promise.all([0, 1].map(() => bed.connect({ port: gateway.port })));
    for (const client of waiting) client.write(handshakeRequest());
    await settled(() => (upstream.connections.length === 2 ? null : 'not dialed'));
    const { answer, connection } = await request();
    expectProblem(answer, 503);
    expect(headersOf(answer, 'retry-after')).toEqual([expect.stringMatching(/^[1-9]\d*$/)]);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    accept();
    for (const client of waiting) expect((await client.readAnswer()).status).toBe(101);
    expect((await request()).answer.status).toBe(101);
    expect(upstream.connections).toHaveLength(3);
  });

  it('does not count open connections, nor clients that left', async () => {
    await start('manual', {}, { limits: { maxPendingHandshakes: 1 } });
    for (let i = 0; i < 5; i++) {
      const client = await bed.connect({ port: gateway.port });
      client.write(handshakeRequest());
      const taken = await upstream.next();
      await taken.readHead();
      client.reset();
      await taken.tcpEnd();
      taken.destroy();
      await gateway.nextRefusal();
    }
    upstream.handshake = {};
    for (let i = 0; i < 5; i++) expect((await request()).answer.status).toBe(101);
  });
});

describe('maxMessageSize', () => {
  it.each(['client', 'upstream'] as const)('ends the connection of a %s that sends more', async (side) => {
    await start({}, { maxMessageSize: '1KiB' });
    const { client, upstream: taken } = await open();
    const [from, to] = side === 'client' ? [client, taken] : [taken, client];
    from.send({ opcode: OPCODE.binary, payload: Buffer.alloc(1024) });
    expect((await to.nextMessage()).payload).toHaveLength(1024);
    from.send({ opcode: OPCODE.binary, payload: Buffer.alloc(1025) });
    expect((await from.nextClose()).code).toBe(1009);
    expect((await to.nextClose()).code).toBe(side === 'client' ? 1001 : 1011);
    client.destroy();
    taken.destroy();
    expect(await gateway.nextResult()).toMatchObject({ cause: 'message-too-big', side });
  });

  it('sums fragments', async () => {
    await start({}, { maxMessageSize: '1KiB' });
    const { client, upstream: taken } = await open();
    client.send(...fragmented(OPCODE.binary, Buffer.alloc(1024), [1, 600]));
    expect((await taken.nextMessage()).payload).toHaveLength(1024);
    client.send(...fragmented(OPCODE.binary, Buffer.alloc(1025), [1, 600]));
    expect((await client.nextClose()).code).toBe(1009);
    expect((await taken.nextClose()).code).toBe(1001);
  });
});

describe('maxControlFrames', () => {
  it('ends the connection of a client that sends more', async () => {
    await start({}, { maxControlFrames: 10 }, {}, { clock: new ManualClock() });
    const { client, upstream: taken } = await open();
    client.send(...Array.from({ length: 20 }, () => ({ opcode: OPCODE.ping, payload: 'x' })));
    for (let i = 0; i < 20; i++) await taken.nextOf(OPCODE.ping);
    client.send({ opcode: OPCODE.ping, payload: 'x' });
    expect((await client.nextClose()).code).toBe(1008);
    expect((await taken.nextClose()).code).toBe(1001);
    client.destroy();
    taken.destroy();
    expect(await gateway.nextResult()).toMatchObject({ cause: 'policy', side: 'client' });
  });
});
