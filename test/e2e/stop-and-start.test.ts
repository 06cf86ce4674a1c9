import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ConfigError, createGateway, WsfwError } from '../../src/index.ts';
import { OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
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

describe('a stop', () => {
  it('closes both sides and is over as soon as they have answered', async () => {
    await start();
    const pairs = [await open(), await open(), await open()];
    const stopped = gateway.gateway.stop();
    for (const { client, upstream: taken } of pairs) {
      expect(await client.nextClose()).toEqual({ code: 1012, reason: 'service restart' });
      expect((await taken.nextClose()).code).toBe(1001);
      client.sendClose(1012);
      taken.sendClose(1001);
      taken.end();
      expect(await client.tcpEnd()).toBe('fin');
      client.end();
    }
    await stopped;
    expect(gateway.events.results.map(({ cause }) => cause)).toEqual(['draining', 'draining', 'draining']);
    expect(gateway.stats()).toMatchObject({ connections: 0, opened: 3, ended: 3 });
  });

  it('is not ready at once, takes connections for drain.delay, and refuses them with 503 then', async () => {
    const clock = new ManualClock();
    await start({}, {}, { drain: { delay: '5s' } }, { clock });
    const { client } = await open();
    const stopped = gateway.gateway.stop();
    const ready = await bed.request({ port: gateway.port, path: '/health/ready' });
    expect(ready.answer.status).toBe(503);
    const second = await open();
    client.sendText('still here');
    expect((await upstream.connections[0]?.nextMessage())?.payload.toString()).toBe('still here');
    clock.advance(5000);
    for (const one of [client, second.client]) expect((await one.nextClose()).code).toBe(1012);
    const refused = await request();
    expectProblem(refused.answer, 503);
    for (const one of [client, second.client, refused.connection, ...upstream.connections]) one.destroy();
    await stopped;
  });

  it('spreads the closes over drain.period, with the code that is asked for', async () => {
    const clock = new ManualClock();
    await start({}, {}, { drain: { period: '20s', closeCode: 1001 } }, { clock });
    const pairs = [await open(), await open()];
    const [first, second] = pairs.map(({ client }) => client);
    const stopped = gateway.gateway.stop();
    await settled(() => (gateway.stats().drainMs === 20_000 ? null : 'the drain has not begun'));
    clock.advance(10_000);
    expect((await first?.nextClose())?.code).toBe(1001);
    second?.sendText('not yet');
    expect((await upstream.connections[1]?.nextMessage())?.payload.toString()).toBe('not yet');
    clock.advance(10_020);
    expect((await second?.nextClose())?.code).toBe(1001);
    for (const { client, upstream: taken } of pairs) for (const one of [client, taken]) one.destroy();
    await stopped;
  });

  it('says so on kept-alive connections, and refuses upgrades on them', async () => {
    await start();
    const { client } = await open();
    const kept = await bed.connect({ port: gateway.port });
    const slow = await bed.connect({ port: gateway.port });
    kept.write('GET /health/ready HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await kept.readAnswer()).status).toBe(200);
    // Both have begun a request, so that the stop does not end them as idle.
    const head = handshakeRequest();
    slow.write(head.slice(0, 30));
    kept.write('GET /health/ready HTTP/1.1\r\n');
    await settled(() => (kept.socket.writableLength + slow.socket.writableLength === 0 ? null : 'not sent'));
    const nudge = await bed.request({ port: gateway.port, path: '/nothing' });
    expect(nudge.answer.status).toBe(404);

    const stopped = gateway.gateway.stop();
    await client.nextClose();
    slow.write(head.slice(30));
    kept.write('Host: a\r\n\r\n');
    const refused = await slow.readAnswer();
    expectProblem(refused, 503);
    expect(headersOf(refused, 'retry-after')).toHaveLength(1);
    expect(tokensOf(refused, 'connection')).toEqual(['close']);
    const notReady = await kept.readAnswer();
    expect(notReady.status).toBe(503);
    expect(tokensOf(notReady, 'connection')).toEqual(['close']);
    expect(await kept.tcpEnd()).toBe('fin');
    for (const each of [client, slow, kept]) each.destroy();
    for (const each of upstream.connections) each.destroy();
    await stopped;
  });

  it('closes what was being dialed when it opens after all', async () => {
    let accept = (): void => undefined;
    const after = new Promise<void>((resolve) => {
      accept = resolve;
    });
    await start({ after });
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    await settled(() => (upstream.connections.length === 1 ? null : 'not dialed'));
    const stopped = gateway.gateway.stop();
    accept();
    const answer = await client.readAnswer();
    if (answer.status === 101) expect((await client.nextClose()).code).toBe(1012);
    else expectProblem(answer, 503);
    client.destroy();
    for (const each of upstream.connections) each.destroy();
    await stopped;
  });

  it('terminates after drain.timeout what has not answered', async () => {
    const clock = new ManualClock();
    await start({}, { closeTimeout: '60s' }, { drain: { timeout: '7s' } }, { clock });
    const { client, upstream: taken } = await open();
    const stopped = gateway.gateway.stop();
    expect((await client.nextClose()).code).toBe(1012);
    expect((await taken.nextClose()).code).toBe(1001);
    for (let i = 0; i < 69; i++) clock.advance(100);
    expect(gateway.stats().connections).toBe(1);
    for (let i = 0; i < 3; i++) clock.advance(100);
    await client.tcpEnd();
    await taken.tcpEnd();
    client.destroy();
    taken.destroy();
    await stopped;
    expect(await gateway.nextCause()).toBe('draining');
  });

  it('terminates after drain.timeout a client that does not even read', async () => {
    const clock = new ManualClock();
    await start({}, { closeTimeout: '60s' }, { drain: { timeout: '7s' } }, { clock });
    const { client, upstream: taken } = await open();
    client.pause();
    const block = taken.encode({ opcode: OPCODE.binary, payload: Buffer.alloc(64 * 1024) });
    while (taken.socket.writableLength < 256 * 1024) {
      taken.write(block);
      await new Promise((resolve) => setImmediate(resolve));
    }
    const stopped = gateway.gateway.stop();
    for (let i = 0; i < 72; i++) {
      clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await stopped;
    taken.destroy();
    expect(await gateway.nextCause()).toBe('draining');
  });

  it.each(['2s', '0'])('after drain.timeout (%s) refuses what is still being dialed', async (timeout) => {
    const clock = new ManualClock();
    await start('manual', {}, { drain: { timeout } }, { clock });
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    const taken = await upstream.next();
    await taken.readHead();
    const stopped = gateway.gateway.stop();
    await new Promise((resolve) => setImmediate(resolve));
    if (timeout !== '0') {
      clock.advance(1_900);
      expect(gateway.stats().pendingHandshakes).toBe(1);
      clock.advance(200);
    }
    const answer = await client.readAnswer();
    expectProblem(answer, 503);
    expect(headersOf(answer, 'retry-after')).toHaveLength(1);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    await taken.tcpEnd();
    taken.destroy();
    await stopped;
    expect(await gateway.nextRefusal()).toMatchObject({ status: 503, reason: 'draining' });
    expect(gateway.events.refusals).toHaveLength(1);
  });

  it('with a drain.timeout of 0 ends everything at once', async () => {
    await start({}, {}, { drain: { timeout: '0' } });
    const { client, upstream: taken } = await open();
    await gateway.gateway.stop();
    await client.tcpEnd();
    await taken.tcpEnd();
    client.destroy();
    taken.destroy();
    expect(await gateway.nextCause()).toBe('draining');
  });

  it('may be asked for twice, and before a start', async () => {
    await start();
    await Promise.all([gateway.gateway.stop(), gateway.gateway.stop()]);
    const never = createGateway({ config: forwardingConfig('ws://127.0.0.1:1/') });
    await never.stop();
  });

  it('frees the port', async () => {
    await start();
    const { port } = gateway;
    const { client } = await open();
    client.destroy();
    for (const each of upstream.connections) each.destroy();
    await gateway.gateway.stop();
    const server = { address: `127.0.0.1:${port}` };
    gateway = await bed.gateway(forwardingConfig(upstream.url(), {}, server));
    expect(gateway.port).toBe(port);
    expect((await request()).answer.status).toBe(101);
  });
});

describe('two gateways in one process', () => {
  it('do not touch each other', async () => {
    await start();
    const first = gateway;
    const one = await open();
    const other = await bed.upstream();
    gateway = await bed.gateway(forwardingConfig(other.url(), { maxMessageSize: '10' }));
    const client = await bed.open({ port: gateway.port });
    const taken = await other.next();
    expect(first.stats()).toMatchObject({ opened: 1, connections: 1 });
    expect(gateway.stats()).toMatchObject({ opened: 1, connections: 1 });
    const stopped = first.gateway.stop();
    expect((await one.client.nextClose()).code).toBe(1012);
    one.client.destroy();
    one.upstream.destroy();
    await stopped;
    client.sendText('still here');
    expect((await taken.nextMessage()).payload.toString()).toBe('still here');
    expect(gateway.log.lines.filter(({ message }) => message === 'connection closed')).toEqual([]);
    expect((await bed.request({ port: gateway.port })).answer.status).toBe(101);
  });
});

describe('a gateway that cannot start', () => {
  it('because its port is taken names the address, and leaves nothing', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    bed.after(() => void taken.close());
    const config = forwardingConfig('ws://127.0.0.1:1/', {}, { address: `127.0.0.1:${port}` });
    const error: unknown = await createGateway({ config })
      .start()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WsfwError);
    expect(error).toHaveProperty('code', 'WSFW_ADDRESS_IN_USE');
    expect(String(error)).toContain(`127.0.0.1:${port}`);
  });

  it('because it has no such address says so', async () => {
    const config = forwardingConfig('ws://127.0.0.1:1/', {}, { address: '203.0.113.77:0' });
    const error: unknown = await createGateway({ config })
      .start()
      .catch((thrown: unknown) => thrown);
    expect(error).toHaveProperty('code', 'WSFW_ADDRESS_UNAVAILABLE');
    expect(String(error)).toContain('203.0.113.77');
  });

  it('because of its configuration names every problem at once', async () => {
    const config = {
      server: { address: 'nonsense', readTimeout: 10, adress: 'x' },
      plugins: [{ path: 'wsfw' }],
      middlewares: { Limit: { use: 'plugins.limiter.middlewares.LimiterMiddleware' } },
      actions: {
        Forward: {
          use: 'plugins.wsfw.actions.WebSocketAction',
          config: { upstreamEndpoint: 'http://x/', pingIntervall: '10s', maxMessageSize: 'big' },
        },
      },
      routes: [
        { path: '/a', action: 'Froward' },
        { path: 'b', action: 'Forward' },
        { path: '/a', action: 'Forward', middlewares: ['Nobody'] },
      ],
      rutes: [],
    };
    const error: unknown = await createGateway({ config })
      .start()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    const keys = (error as ConfigError).problems.map(({ path }) => path.join('.'));
    for (const key of [
      'server.address',
      'server.readTimeout',
      'server.adress',
      'middlewares.Limit.use',
      'actions.Forward.config.upstreamEndpoint',
      'actions.Forward.config.pingIntervall',
      'actions.Forward.config.maxMessageSize',
      'routes.0.action',
      'routes.1.path',
      'routes.2.middlewares.0',
      'rutes',
    ])
      expect(keys).toContain(key);
    expect(String(error)).toContain('Did you mean pingInterval?');
    expect(String(error)).toContain('Did you mean routes?');
  });
});
