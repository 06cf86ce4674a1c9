import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { certificates } from '../../test/support/certificates/index.ts';
import { within } from '../../test/support/deadline.ts';
import { headerOf } from '../../test/support/http-head.ts';
import {
  acceptor,
  startListener,
  type TestListener,
  type TestListenerOptions,
  type TestRoute,
} from '../../test/support/listener-fixture.ts';
import { connectRaw, handshakeRequest, openRaw, requestRaw } from '../../test/support/raw-client.ts';
import { backToBaseline, resourcesNow, settled } from '../../test/support/resources.ts';

const baseline = resourcesNow();
const started: TestListener[] = [];

async function start(routes: readonly TestRoute[], options?: TestListenerOptions): Promise<TestListener> {
  const one = await startListener(routes, options);
  started.push(one);
  return one;
}

afterEach(async () => {
  for (const { listener } of started.splice(0)) await listener.close(0);
  await backToBaseline(baseline);
});

const TLS = { cert: certificates.server.cert, key: certificates.server.key };
const ws = acceptor();
const WS_ROUTE: TestRoute = { path: '/ws', handle: ws.handle };
const HTTP_ROUTE: TestRoute = {
  path: '/http',
  upgrades: false,
  handle: (e) => e.respond({ status: 200, body: 'ok' }),
};
const GET = 'GET /http HTTP/1.1\r\nHost: a\r\n\r\n';

describe('a listener', () => {
  it('says what is wrong with an address in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const starting = startListener([], { settings: { address: { host: '127.0.0.1', port } } });
    await expect(starting).rejects.toMatchObject({
      code: 'WSFW_ADDRESS_IN_USE',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
    other.close();
  });

  it('says what is wrong with an address that is not ours', async () => {
    const starting = startListener([], { settings: { address: { host: '192.0.2.1', port: 0 } } });
    await expect(starting).rejects.toMatchObject({
      code: 'WSFW_ADDRESS_UNAVAILABLE',
      message: expect.stringContaining('192.0.2.1:0') as string,
    });
  });

  it('says that a certificate cannot be used', async () => {
    await expect(startListener([], { tls: { cert: 'no', key: 'no' } })).rejects.toMatchObject({
      code: 'WSFW_TLS_FILE',
    });
  });

  it('outlives what is no TLS, and a TLS handshake that is broken off', async () => {
    const { port, listener } = await start([HTTP_ROUTE], { tls: TLS });
    const garbage = await connectRaw({ port });
    garbage.write('GET / HTTP/1.1\r\n\r\n');
    await garbage.tcpEnd();
    garbage.destroy();
    const broken = await connectRaw({ port });
    broken.reset();
    const good = await connectRaw({ port, tls: { ca: certificates.ca } });
    good.write(GET);
    expect((await good.readAnswer()).status).toBe(200);
    expect(listener.stats().sockets).toBe(1);
    good.destroy();
  });

  it('outlives clients that reset at any step', async () => {
    const { port, listener } = await start([HTTP_ROUTE, WS_ROUTE]);
    const request = handshakeRequest({ path: '/ws' });
    for (const cut of [0, 1, 20, request.length - 1]) {
      const connection = await connectRaw({ port });
      connection.write(request.slice(0, cut));
      connection.reset();
    }
    await settled(() => (listener.stats().sockets === 0 ? null : 'sockets are left'));
    const { connection } = await requestRaw({ port, path: '/none' });
    connection.reset();
    await settled(() => (listener.stats().sockets === 0 ? null : 'sockets are left'));
  });
});

describe('draining', () => {
  it('refuses upgrades, serves what is plain, and closes each connection with its answer', async () => {
    const { port, listener, refusals } = await start([HTTP_ROUTE, WS_ROUTE]);
    const kept = await connectRaw({ port });
    kept.write(GET);
    expect(headerOf(await kept.readAnswer(), 'connection')).toBe('keep-alive');
    listener.drain();
    const { connection, answer } = await requestRaw({ port, path: '/ws' });
    expect([answer.status, headerOf(answer, 'retry-after')]).toEqual([503, '1']);
    expect(refusals).toMatchObject([{ status: 503, error: { code: 'WSFW_DRAINING' } }]);
    kept.write(GET);
    expect(headerOf(await kept.readAnswer(), 'connection')).toBe('close');
    expect(await kept.tcpEnd()).toBe('fin');
    kept.destroy();
    connection.destroy();
  });
});

describe.each([
  ['plain', null],
  ['TLS', TLS],
])('closing, over %s', (_, tls) => {
  const client = tls === null ? {} : { tls: { ca: certificates.ca } };

  it('ends idle connections at once and leaves accepted ones alone', async () => {
    const { port, listener } = await start([HTTP_ROUTE, WS_ROUTE], { tls });
    const idle = await connectRaw({ port, ...client });
    idle.write(GET);
    await idle.readAnswer();
    const silent = await connectRaw({ port });
    const open = await openRaw({ port, path: '/ws', ...client });
    const leg = await ws.next();
    await settled(() => (listener.stats().sockets === (tls === null ? 2 : 1) ? null : 'not accepted yet'));
    await within(listener.close(60_000), 'close');
    await idle.tcpEnd();
    await silent.tcpEnd();
    await expect(connectRaw({ port, ...client })).rejects.toThrow();
    leg.stream.write('x');
    expect((await open.readBytes(1)).toString()).toBe('x');
    leg.stream.destroy();
    for (const one of [idle, silent, open]) one.destroy();
  });

  it('waits for answers under way', async () => {
    let answer = () => {};
    let reached = () => {};
    const arrived = new Promise<void>((resolve) => {
      reached = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const slow: TestRoute = {
      path: '/slow',
      upgrades: false,
      handle: async (exchange) => {
        reached();
        await gate;
        await exchange.respond({ status: 200, body: 'late' });
      },
    };
    const { port, listener } = await start([slow], { tls });
    const connection = await connectRaw({ port, ...client });
    connection.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await arrived;
    const closed = listener.close(60_000);
    answer();
    expect((await connection.readAnswer()).body.toString()).toBe('late');
    await within(closed, 'close');
    connection.destroy();
  });

  it('waits no longer than it is told', async () => {
    const { port, listener } = await start([{ path: '/ws', handle: () => new Promise(() => {}) }], { tls });
    const connection = await connectRaw({ port, ...client });
    connection.write(handshakeRequest({ path: '/ws' }));
    await settled(() => (listener.stats().pendingHandshakes === 1 ? null : 'not there yet'));
    await within(listener.close(20), 'close');
    await connection.tcpEnd();
    connection.destroy();
  });
});
