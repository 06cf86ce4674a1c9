import { afterEach, describe, expect, it } from 'vitest';
import { certificates } from '../../test/support/certificates/index.ts';
import { headerOf, headersOf } from '../../test/support/http-head.ts';
import {
  acceptor,
  startListener,
  type TestListener,
  type TestListenerOptions,
  type TestRoute,
} from '../../test/support/listener-fixture.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { connectRaw, handshakeRequest } from '../../test/support/raw-client.ts';
import { backToBaseline, resourcesNow, settled } from '../../test/support/resources.ts';
import type { Exchange } from './exchange.ts';

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

const ws = acceptor();
const WS_ROUTE: TestRoute = { path: '/ws', methods: ['*'], handle: ws.handle };
const ECHO: TestRoute = {
  path: '/http',
  methods: ['*'],
  upgrades: false,
  handle: async (exchange) => {
    const chunks: Buffer[] = [];
    for await (const chunk of exchange.body) chunks.push(chunk as Buffer);
    const names = [...exchange.headers].map(([name]) => name).join();
    await exchange.respond({ status: 200, body: `${exchange.method} ${Buffer.concat(chunks)} ${names}` });
  },
};
const H2C = 'Host: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n';

/** A route that answers when the test says so. */
function gated(path: string) {
  let open = () => {};
  let reached = () => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const arrived = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const handle = async (exchange: Exchange) => {
    reached();
    await gate;
    await exchange.respond({ status: 200, body: 'slow' });
  };
  return { route: { path, upgrades: false, handle }, arrived, open: () => open() };
}

describe.each([
  ['plain', null],
  ['TLS', { cert: certificates.server.cert, key: certificates.server.key }],
])('over %s, an Upgrade that is no WebSocket', (_, tls) => {
  const client = tls === null ? {} : { tls: { ca: certificates.ca } };

  it('is ignored, its body read, and the connection kept alive and good for a WebSocket', async () => {
    const { port, refusals, listener } = await start([ECHO, WS_ROUTE], { tls });
    const connection = await connectRaw({ port, ...client });
    connection.write(`POST /http HTTP/1.1\r\n${H2C}Content-Length: 10\r\n\r\nhello`);
    connection.write('world');
    expect((await connection.readAnswer()).body.toString()).toBe('POST helloworld Host,Content-Length');
    for (let i = 0; i < 3; i++) {
      connection.write(
        `POST /http HTTP/1.1\r\n${H2C}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
      );
      expect((await connection.readAnswer()).body.toString()).toContain('POST abc');
    }
    connection.write('GET /http HTTP/1.1\r\nHost: a\r\n\r\n');
    expect((await connection.readAnswer()).status).toBe(200);
    connection.write(handshakeRequest({ path: '/ws' }));
    expect((await connection.readAnswer()).status).toBe(101);
    const leg = await ws.next();
    leg.stream.write('x');
    expect((await connection.readBytes(1)).toString()).toBe('x');
    expect(leg.stream.listenerCount('timeout')).toBe(0);
    expect(listener.stats().sockets).toBe(0);
    expect(refusals).toEqual([]);
    connection.destroy();
    leg.stream.destroy();
  });

  it('is answered 426 on a WebSocket route, its body read', async () => {
    const { port } = await start([WS_ROUTE], { tls });
    const connection = await connectRaw({ port, ...client });
    const body = 'x'.repeat(1_000_000);
    connection.write(`POST /ws HTTP/1.1\r\n${H2C}Content-Length: ${body.length}\r\n\r\n${body}`);
    const answer = await connection.readAnswer();
    expect(answer.status).toBe(426);
    expect(headersOf(answer, 'connection')).toEqual(['Upgrade, close']);
    expect(await connection.tcpEnd()).toBe('fin');
    connection.destroy();
  });

  it('does not keep a connection open for a request that never comes whole', async () => {
    const clock = new ManualClock();
    const { port, listener } = await start([ECHO], {
      tls,
      clock,
      settings: { readTimeoutMs: 200, idleTimeoutMs: 60_000 },
    });
    const connection = await connectRaw({ port, ...client });
    connection.write(`POST /http HTTP/1.1\r\n${H2C}Content-Length: 10\r\n\r\nhello`);
    await settled(() => {
      clock.advance(50);
      return listener.stats().sockets === 0 || connection.ended !== null ? null : 'still open';
    });
    connection.destroy();
  });
});

describe('a WebSocket upgrade on an HTTP route', () => {
  it('is ignored', async () => {
    const { port, refusals } = await start([ECHO]);
    const connection = await connectRaw({ port });
    connection.write(handshakeRequest({ path: '/http' }));
    const answer = await connection.readAnswer();
    expect([answer.status, headerOf(answer, 'connection')]).toEqual([200, 'keep-alive']);
    expect(refusals).toEqual([]);
    connection.destroy();
  });
});

describe('an upgrade behind an unfinished response', () => {
  it('waits for it, then gets 400 and a close', async () => {
    const slow = gated('/slow');
    const { port, refusals } = await start([slow.route, WS_ROUTE]);
    const connection = await connectRaw({ port });
    connection.write(`GET /slow HTTP/1.1\r\nHost: a\r\n\r\n${handshakeRequest({ path: '/ws' })}early bytes`);
    await slow.arrived;
    slow.open();
    expect((await connection.readAnswer()).body.toString()).toBe('slow');
    const answer = await connection.readAnswer();
    expect([answer.status, headerOf(answer, 'connection')]).toEqual([400, 'close']);
    expect(await connection.tcpEnd()).toBe('fin');
    await settled(() => (refusals.length === 1 ? null : 'no refusal'));
    expect(refusals).toMatchObject([{ status: 400 }]);
    connection.destroy();
  });

  it('is served after it when it is to be ignored', async () => {
    const slow = gated('/slow');
    const { port } = await start([slow.route, ECHO]);
    const connection = await connectRaw({ port });
    connection.write(
      `GET /slow HTTP/1.1\r\nHost: a\r\n\r\nPOST /http HTTP/1.1\r\n${H2C}Content-Length: 2\r\n\r\n`,
    );
    await slow.arrived;
    slow.open();
    expect((await connection.readAnswer()).body.toString()).toBe('slow');
    connection.write('hi');
    expect((await connection.readAnswer()).body.toString()).toBe('POST hi Host,Content-Length');
    connection.destroy();
  });

  it('is let go of when the client leaves', async () => {
    const slow = gated('/slow');
    const { port, listener } = await start([slow.route, WS_ROUTE]);
    const connection = await connectRaw({ port });
    connection.write(`GET /slow HTTP/1.1\r\nHost: a\r\n\r\n${handshakeRequest({ path: '/ws' })}`);
    await slow.arrived;
    connection.reset();
    await settled(() => (listener.stats().sockets === 0 ? null : 'a socket is left'));
    slow.open();
  });

  it('does not let an unreadable request talk into it either', async () => {
    const slow = gated('/slow');
    const { port } = await start([slow.route]);
    const connection = await connectRaw({ port });
    connection.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\nNONSENSE\r\n\r\n');
    await slow.arrived;
    slow.open();
    expect((await connection.readAnswer()).body.toString()).toBe('slow');
    expect((await connection.readAnswer()).status).toBe(400);
    expect(await connection.tcpEnd()).toBe('fin');
    connection.destroy();
  });
});
