import { afterEach, describe, expect, it } from 'vitest';
import { headerOf, headersOf } from '../../test/support/http-head.ts';
import {
  acceptor,
  startListener,
  type TestListener,
  type TestListenerOptions,
  type TestRoute,
} from '../../test/support/listener-fixture.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { connectRaw, handshakeRequest, openRaw, requestRaw } from '../../test/support/raw-client.ts';
import type { HttpAnswer } from '../../test/support/raw-connection.ts';
import { backToBaseline, resourcesNow, settled } from '../../test/support/resources.ts';
import { WsfwError } from '../base/errors.ts';
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
const HTTP_ROUTE: TestRoute = {
  path: '/http',
  methods: ['*'],
  upgrades: false,
  handle: async (exchange) => {
    let bytes = 0;
    for await (const chunk of exchange.body) bytes += (chunk as Buffer).byteLength;
    await exchange.respond({ status: 200, body: `${exchange.method} ${exchange.target} ${bytes}` });
  },
};

const problemOf = (answer: HttpAnswer) => JSON.parse(answer.body.toString()) as Record<string, unknown>;

async function send(port: number, head: string): Promise<HttpAnswer> {
  const connection = await connectRaw({ port });
  connection.write(head);
  const answer = await connection.readAnswer();
  connection.destroy();
  return answer;
}

describe('what a client is answered', () => {
  it('is a 101 with its request id, for a valid handshake', async () => {
    const { port, refusals } = await start([WS_ROUTE], { settings: { serverHeader: 'wsfw' } });
    const client = await openRaw({ port, path: '/ws', headers: [['X-Request-Id', 'my-id.1']] });
    const leg = await ws.next();
    expect(headerOf(client.answer, 'x-request-id')).toBe('my-id.1');
    expect(headerOf(client.answer, 'server')).toBe('wsfw');
    client.destroy();
    leg.stream.destroy();
    expect(refusals).toEqual([]);
  });

  it('is an id of ours where its own is malformed', async () => {
    const { port } = await start([WS_ROUTE]);
    const answer = await send(port, 'GET /none HTTP/1.1\r\nHost: a\r\nX-Request-Id: a b\r\n\r\n');
    expect(headerOf(answer, 'x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(problemOf(answer)['requestId']).toBe(headerOf(answer, 'x-request-id'));
  });

  const plain: [string, string, number][] = [
    ['426 where it asks for no upgrade', 'GET /ws HTTP/1.1\r\nHost: a\r\n\r\n', 426],
    ['426 where only Upgrade says so', 'GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n', 426],
    ['426 on HTTP/1.0', handshakeRequest({ path: '/ws', version: 'HTTP/1.0' }), 426],
    ['404 where nothing is', 'GET /none HTTP/1.1\r\nHost: a\r\n\r\n', 404],
    ['400 without a Host', 'GET /ws HTTP/1.1\r\n\r\n', 400],
    ['400 with two Hosts', 'GET /ws HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
    ['400 with a malformed Host', 'GET /ws HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
    ['400 for a malformed path', 'GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['400 for a path that is not UTF-8', 'GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['400 for a fragment', 'GET /ws#x HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    ['400 for what is not HTTP', 'HELLO\r\n\r\n', 400],
    ['431 for a head over 16 KiB', `GET /ws HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['400 for CONNECT', 'CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
    [
      '400 where Connection nominates Cookie',
      'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: cookie\r\n\r\n',
      400,
    ],
  ];
  it.each(plain)('is %s', async (_, request, status) => {
    const { port } = await start([WS_ROUTE]);
    const answer = await send(port, request);
    expect(answer.status).toBe(status);
    expect(headerOf(answer, 'content-type')).toBe('application/problem+json');
    expect(problemOf(answer)).toMatchObject({ type: 'about:blank', status });
    expect(problemOf(answer)['requestId']).toBe(headerOf(answer, 'x-request-id'));
  });

  it('is a 426 that names what to upgrade to', async () => {
    const { port } = await start([WS_ROUTE]);
    const none = await send(port, 'GET /ws HTTP/1.1\r\nHost: a\r\n\r\n');
    const old = await send(
      port,
      handshakeRequest({ path: '/ws', headers: [['Sec-WebSocket-Version', '8']] }),
    );
    for (const answer of [none, old]) {
      expect(answer.status).toBe(426);
      expect(headersOf(answer, 'upgrade')).toEqual(['websocket']);
      expect(headersOf(answer, 'connection')).toEqual(['Upgrade, close']);
    }
    expect(headerOf(none, 'sec-websocket-version')).toBeUndefined();
    expect(headersOf(old, 'sec-websocket-version')).toEqual(['13']);
  });

  const upgrades: [string, Parameters<typeof handshakeRequest>[0], number][] = [
    ['404 where nothing is', { path: '/none' }, 404],
    ['400 for a malformed key', { path: '/ws', key: 'short' }, 400],
    ['400 without a key', { path: '/ws', headers: [['Sec-WebSocket-Key', null]] }, 400],
    [
      '400 with two Hosts',
      {
        path: '/ws',
        headers: [
          ['Host', 'a'],
          ['Host', 'b'],
        ],
      },
      400,
    ],
    ['400 with a body', { path: '/ws', headers: [['Content-Length', '5']] }, 400],
    ['400 with a transfer coding', { path: '/ws', headers: [['Transfer-Encoding', 'chunked']] }, 400],
    ['400 for a path with malformed percent-encoding', { path: '/ws%' }, 400],
    [
      '400 where Connection nominates Origin',
      { path: '/ws', headers: [['Connection', 'Upgrade, Origin']] },
      400,
    ],
    ['405 for another method', { path: '/ws', method: 'POST' }, 405],
    ['426 for another version', { path: '/ws', headers: [['Sec-WebSocket-Version', '99']] }, 426],
  ];
  it.each(upgrades)('is, to a handshake, %s, closing', async (_, options, status) => {
    const { port, refusals } = await start([WS_ROUTE]);
    const { connection, answer } = await requestRaw({ port, ...options });
    expect(answer.status).toBe(status);
    expect(headerOf(answer, 'connection')).toMatch(/close$/);
    expect(headerOf(answer, 'content-type')).toBe('application/problem+json');
    expect(await connection.tcpEnd()).toBe('fin');
    connection.end();
    await settled(() => (refusals.length === 1 ? null : 'no refusal'));
    expect(refusals).toMatchObject([{ status, clientAddress: '127.0.0.1' }]);
  });

  it('is a 405 that names the methods', async () => {
    const { port } = await start([{ ...WS_ROUTE, methods: ['GET', 'PUT'] }]);
    const answer = await send(port, handshakeRequest({ path: '/ws', method: 'POST' }));
    expect([answer.status, headerOf(answer, 'allow')]).toEqual([405, 'GET, PUT']);
    const other = await send(port, 'DELETE /ws HTTP/1.1\r\nHost: a\r\n\r\n');
    expect([other.status, headerOf(other, 'allow')]).toEqual([405, 'GET, PUT']);
  });

  it('is a 408 when its head is not complete in time', async () => {
    const { port } = await start([WS_ROUTE], { settings: { readTimeoutMs: 100 } });
    const answer = await send(port, 'GET /ws HTTP/1.1\r\nHost: a\r\nX-Slow:');
    expect(answer.status).toBe(408);
    expect(headerOf(answer, 'content-type')).toBe('application/problem+json');
    expect(headerOf(answer, 'connection')).toBe('close');
  });

  it('is a 500 without a word of the error when a plugin throws', async () => {
    const failing = { path: '/ws', handle: () => Promise.reject(new Error('password is 123')) };
    const { port, refusals, logger } = await start([failing]);
    for (const request of [handshakeRequest({ path: '/ws' }), 'GET /ws HTTP/1.1\r\nHost: a\r\n\r\n']) {
      const answer = await send(port, request);
      expect(answer.status).toBe(500);
      expect(answer.body.toString()).not.toContain('password');
      const id = headerOf(answer, 'x-request-id');
      expect(logger.lines.some(({ level, fields }) => level === 'error' && fields['id'] === id)).toBe(true);
    }
    expect(refusals).toMatchObject([{ status: 500, reason: 'a plugin threw: password is 123' }]);
  });

  it('is a 500 when nobody answers, and a 500 when nobody comes back', async () => {
    const clock = new ManualClock();
    let hanging = () => {};
    const hangs = new Promise<void>((resolve) => {
      hanging = resolve;
    });
    const silent = { path: '/silent', handle: async () => {} };
    const handle = () => {
      hanging();
      return new Promise<void>(() => {});
    };
    const stuck = { path: '/stuck', handle };
    const { port, logger } = await start([silent, stuck], { clock });
    expect((await send(port, handshakeRequest({ path: '/silent' }))).status).toBe(500);
    const connection = await connectRaw({ port });
    connection.write(handshakeRequest({ path: '/stuck' }));
    await hangs;
    clock.advance(600_000);
    expect((await connection.readAnswer()).status).toBe(500);
    connection.destroy();
    expect(logger.lines.map(({ message }) => message)).toEqual([
      expect.stringContaining('without calling next()'),
      expect.stringContaining('never came back'),
    ]);
  });

  it('is a 500 when the route wants a header added that cannot be sent', async () => {
    const handle = (exchange: Exchange) => {
      exchange.answerHeaders.append('X-Bad', 'a\r\nb');
      return exchange.respond({ status: 200 });
    };
    const { port } = await start([{ path: '/ws', handle }]);
    for (const request of [handshakeRequest({ path: '/ws' }), 'GET /ws HTTP/1.1\r\nHost: a\r\n\r\n']) {
      expect((await send(port, request)).status).toBe(500);
    }
  });

  it('reaches a client that has closed its half', async () => {
    const { port } = await start([WS_ROUTE]);
    const connection = await connectRaw({ port });
    connection.write(handshakeRequest({ path: '/none' }));
    connection.end();
    expect((await connection.readAnswer()).status).toBe(404);
    await connection.closed();
  });

  it('is the status of a gateway error that the route threw', async () => {
    const failing = {
      path: '/ws',
      handle: () => Promise.reject(new WsfwError('WSFW_UPSTREAM_UNREACHABLE', '10.1.2.3')),
    };
    const { port, refusals } = await start([failing]);
    const answer = await send(port, handshakeRequest({ path: '/ws' }));
    expect(answer.status).toBe(502);
    expect(answer.body.toString()).not.toContain('10.1.2.3');
    expect(refusals).toMatchObject([{ status: 502, error: { code: 'WSFW_UPSTREAM_UNREACHABLE' } }]);
  });

  it('carries what the route adds, and none of the hop-by-hop headers it was given', async () => {
    const handle = async (exchange: Exchange) => {
      exchange.answerHeaders.append('X-Added', '1');
      const headers: [string, string][] = [
        ['Keep-Alive', 'x'],
        ['Transfer-Encoding', 'chunked'],
        ['Content-Length', '9'],
        ['Set-Cookie', 'a'],
        ['Set-Cookie', 'b'],
        ['X-Request-Id', 'upstream'],
      ];
      await exchange.respond({ status: 403, headers, body: 'no' });
    };
    const { port } = await start([{ path: '/ws', handle }]);
    for (const request of [handshakeRequest({ path: '/ws' }), 'GET /ws HTTP/1.1\r\nHost: a\r\n\r\n']) {
      const answer = await send(port, request);
      expect(answer.body.toString()).toBe('no');
      expect(headersOf(answer, 'set-cookie')).toEqual(['a', 'b']);
      expect(headersOf(answer, 'x-added')).toEqual(['1']);
      expect(headersOf(answer, 'content-length')).toEqual(['2']);
      expect(headersOf(answer, 'transfer-encoding')).toEqual([]);
      expect(headersOf(answer, 'x-request-id')).not.toContain('upstream');
    }
  });
});

describe('health routes', () => {
  it('tell whether the process lives and whether it is ready', async () => {
    let up = true;
    const { port, listener } = await start([HTTP_ROUTE], { ready: () => up });
    const get = (path: string) => send(port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect((await get('/health/live')).status).toBe(200);
    expect((await get('/health/ready')).status).toBe(200);
    up = false;
    expect((await get('/health/ready')).status).toBe(503);
    up = true;
    listener.drain();
    expect((await get('/health/ready')).status).toBe(503);
    expect((await get('/health/live')).status).toBe(200);
  });

  it('are plain HTTP, also to an upgrade, and can be absent', async () => {
    const { port } = await start([HTTP_ROUTE]);
    expect((await send(port, handshakeRequest({ path: '/health/live' }))).status).toBe(200);
    const without = await start([HTTP_ROUTE], { settings: { healthRoutes: null } });
    expect((await send(without.port, 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n')).status).toBe(404);
  });
});

describe('what the route gets to see', () => {
  const seen = async (request: string, settings = {}): Promise<Exchange> => {
    let exchange: Exchange | undefined;
    const handle = async (given: Exchange) => {
      exchange = given;
      await given.respond({ status: 204 });
    };
    const { port } = await start([{ path: '/*', methods: ['*'], handle }], { settings });
    await send(port, request);
    if (exchange === undefined) throw new Error('no exchange');
    return exchange;
  };

  it('is the raw target, its parameters and its query', async () => {
    const exchange = await seen('GET /a%2Fb;c/?x=%20&y HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(exchange.target).toBe('/a%2Fb;c/?x=%20&y');
    expect(exchange.params['*']).toBe('a%2Fb;c/');
    expect(exchange.outgoing.query).toBe('x=%20&y');
  });

  it('is an absolute-form target in origin form, whose authority replaces Host', async () => {
    const exchange = await seen(handshakeRequest({ path: 'ws://outer.example:81/chat?q=1' }));
    expect(exchange.target).toBe('/chat?q=1');
    expect(exchange.headers.getAll('host')).toEqual(['outer.example:81']);
    expect(exchange.outgoing.headers.getAll('host')).toEqual(['outer.example:81']);
    expect(exchange.upgrade).not.toBeNull();
  });

  it('is what a trusted proxy says of the client', async () => {
    const request = handshakeRequest({
      headers: [
        ['X-Forwarded-For', '203.0.113.9'],
        ['X-Forwarded-Proto', 'https'],
      ],
    });
    const believed = await seen(request, { trustedProxies: ['127.0.0.0/8'] });
    expect(believed.client).toEqual({ address: '203.0.113.9', encrypted: true });
    const unbelieved = await seen(request);
    expect(unbelieved.client).toEqual({ address: '127.0.0.1', encrypted: false });
  });

  it('is every header, however many they are', async () => {
    const many = Array.from({ length: 3000 }, (_, i): [string, string] => [`a${i % 10}`, '']);
    const exchange = await seen(handshakeRequest({ headers: many }).replaceAll(': \r', ':\r'));
    expect([...exchange.headers].filter(([name]) => /^a\d$/.test(name))).toHaveLength(3000);
  });

  it('is the offer of a valid handshake', async () => {
    const exchange = await seen(
      handshakeRequest({ subprotocols: ['b', 'a'], extensions: 'permessage-deflate' }),
    );
    expect(exchange.upgrade).toMatchObject({ subprotocols: ['b', 'a'], extensions: 'permessage-deflate' });
    expect(exchange.outgoing.subprotocols).toEqual(['b', 'a']);
  });

  it('warns once of a proxy that nobody declared', async () => {
    const { port, logger } = await start([HTTP_ROUTE]);
    const request = 'GET /http HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\n\r\n';
    await send(port, request);
    await send(port, request);
    const warnings = logger.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ message }) => message)).toEqual([
      expect.stringContaining('server.trustedProxies'),
    ]);
  });
});
