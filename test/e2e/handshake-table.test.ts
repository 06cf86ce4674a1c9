import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headerOf, headersOf } from '../support/http-head.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type HandshakeOptions, handshakeRequest } from '../support/raw-client.ts';
import type { HandshakeScript, RawUpstream } from '../support/raw-upstream.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem, tokensOf } from './problem.ts';

const bed = useTestBed();
const TESTING_PLUGIN = fileURLToPath(new URL('testing-plugin.js', import.meta.url));
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

let gateway: StartedGateway;
let upstream: RawUpstream;

async function start(handshake: HandshakeScript | 'manual' = {}, action = {}, server = {}): Promise<void> {
  upstream = await bed.upstream({ handshake });
  gateway = await bed.gateway(forwardingConfig(upstream.url(), action, server, '/ws'));
}

/** The route passes a middleware of a plugin from outside. */
async function startGuarded(use: string, config: unknown): Promise<void> {
  upstream = await bed.upstream();
  const base = forwardingConfig(upstream.url());
  gateway = await bed.gateway({
    ...base,
    plugins: [{ path: 'wsfw' }, { path: TESTING_PLUGIN }],
    middlewares: { Guard: { use: `plugins.testing.middlewares.${use}`, config } },
    routes: [{ path: '/ws', action: 'Forward', middlewares: ['Guard'] }],
  });
}

const request = (options: HandshakeOptions & { early?: Uint8Array } = {}) =>
  bed.request({ port: gateway.port, path: '/ws', ...options });

const expectUndialed = () => expect(upstream.connections).toHaveLength(0);

describe('a request that is not an upgrade on a WebSocket route', () => {
  it.each<[string, HandshakeOptions]>([
    ['without Upgrade', { headers: [['Upgrade', null]] }],
    ['without Connection', { headers: [['Connection', 'keep-alive']] }],
    ['with an Upgrade to something else', { headers: [['Upgrade', 'h2c']] }],
  ])('%s is told to upgrade', async (_, options) => {
    await start();
    const { answer } = await request(options);
    expectProblem(answer, 426);
    expect(headersOf(answer, 'upgrade')).toEqual(['websocket']);
    expect(tokensOf(answer, 'connection')).toEqual(['upgrade', 'close']);
    expectUndialed();
  });

  it('or HTTP/1.0 is told to upgrade, and the connection ends', async () => {
    await start();
    const { answer, connection } = await request({ version: 'HTTP/1.0' });
    expectProblem(answer, 426);
    expect(headersOf(answer, 'upgrade')).toEqual(['websocket']);
    expect(tokensOf(answer, 'connection')).toEqual(['upgrade', 'close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expectUndialed();
  });
});

describe('another version of WebSocket', () => {
  it.each(['8', '0', '14', '255'])('%s is answered with the one that would do', async (version) => {
    await start();
    const { answer, connection } = await request({ headers: [['Sec-WebSocket-Version', version]] });
    expectProblem(answer, 426);
    expect(headersOf(answer, 'sec-websocket-version')).toEqual(['13']);
    expect(headersOf(answer, 'upgrade')).toEqual(['websocket']);
    expect(tokensOf(answer, 'connection')).toEqual(['upgrade', 'close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expectUndialed();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 426 });
  });
});

describe('a field of the handshake that is wrong', () => {
  it.each<[string, [string, string | null][]]>([
    ['no key', [['Sec-WebSocket-Key', null]]],
    ['a short key', [['Sec-WebSocket-Key', 'AAAA']]],
    ['a key of 17 bytes', [['Sec-WebSocket-Key', Buffer.alloc(17).toString('base64')]]],
    ['a key that is not base64', [['Sec-WebSocket-Key', '!!!!!!!!!!!!!!!!!!!!!!==']]],
    [
      'two keys',
      [
        ['Sec-WebSocket-Key', KEY],
        ['Sec-WebSocket-Key', KEY],
      ],
    ],
    ['no version', [['Sec-WebSocket-Version', null]]],
    ['a version that is no number', [['Sec-WebSocket-Version', 'thirteen']]],
    [
      'two versions',
      [
        ['Sec-WebSocket-Version', '13'],
        ['Sec-WebSocket-Version', '13'],
      ],
    ],
    ['no Host', [['Host', null]]],
    [
      'two Hosts',
      [
        ['Host', 'a.test'],
        ['Host', 'a.test'],
      ],
    ],
    ['a Host that is none', [['Host', 'a b']]],
    ['a Content-Length', [['Content-Length', '5']]],
    ['chunked coding', [['Transfer-Encoding', 'chunked']]],
    ['a malformed subprotocol', [['Sec-WebSocket-Protocol', 'a b']]],
    ['malformed extensions', [['Sec-WebSocket-Extensions', ';;;']]],
    ['a nominated Host', [['Connection', 'Upgrade, Host']]],
    ['a nominated key', [['Connection', 'Upgrade, Sec-WebSocket-Key']]],
    ['a nominated Authorization', [['Connection', 'Upgrade, Authorization']]],
    ['a nominated Cookie', [['Connection', 'Upgrade, cookie']]],
    ['a nominated Origin', [['Connection', 'Upgrade, Origin']]],
    ['a nominated X-Forwarded-For', [['Connection', 'Upgrade, X-Forwarded-For']]],
  ])('%s is a 400', async (_, headers) => {
    await start();
    const { answer, connection } = await request({ headers });
    expectProblem(answer, 400);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expectUndialed();
    expect(gateway.stats()).toMatchObject({ refused: 1, opened: 0 });
  });

  it('a Content-Length of 0 is none', async () => {
    await start();
    const { answer } = await request({ headers: [['Content-Length', '0']] });
    expect(answer.status).toBe(101);
  });

  it('tokens are read without case, in lists and over several lines', async () => {
    await start();
    const { answer } = await request({
      headers: [
        ['Upgrade', 'h2c, WebSocket'],
        ['Connection', 'keep-alive'],
        ['Connection', 'UPGRADE'],
      ],
    });
    expect(answer.status).toBe(101);
  });

  it('a head that is no HTTP is a 400', async () => {
    await start();
    const connection = await bed.connect({ port: gateway.port });
    connection.write('GET /ws HTTP/1.1\r\nHost a\r\nnonsense\r\n\r\n');
    const answer = await connection.readAnswer();
    expectProblem(answer, 400);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
  });
});

describe('a method or path that nothing serves', () => {
  it('is a 405 that names the methods', async () => {
    await start();
    const { answer, connection } = await request({ method: 'POST' });
    expectProblem(answer, 405);
    expect(headersOf(answer, 'allow')).toEqual(['GET']);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expectUndialed();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 405 });
  });

  it('is a 405 also when the route takes all methods, since a handshake is a GET', async () => {
    upstream = await bed.upstream();
    const base = forwardingConfig(upstream.url());
    gateway = await bed.gateway({ ...base, routes: [{ path: '/ws', action: 'Forward' }] });
    const { answer } = await request({ method: 'PUT' });
    expectProblem(answer, 405);
    expect(headersOf(answer, 'allow')).toEqual(['GET']);
    expectUndialed();
  });

  it('is a 404, and closes an upgrade', async () => {
    await start();
    const { answer, connection } = await request({ path: '/nothing?secret=1' });
    expectProblem(answer, 404);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(answer.body.toString()).not.toContain('secret');
    expect(await connection.tcpEnd()).toBe('fin');
    expect(await gateway.nextRefusal()).toMatchObject({ status: 404, route: null });
  });

  it('is a 404 before a version is looked at, which is the order of refusals', async () => {
    await start();
    const { answer } = await request({ path: '/nothing', headers: [['Sec-WebSocket-Version', '8']] });
    expectProblem(answer, 404);
  });
});

describe('a head that does not fit', () => {
  it('in time is a 408, and closed', async () => {
    await start({}, {}, { readTimeout: '100ms' });
    const connection = await bed.connect({ port: gateway.port });
    connection.write(handshakeRequest({ path: '/ws' }).slice(0, 60));
    const answer = await connection.readAnswer();
    expectProblem(answer, 408);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expectUndialed();
  });

  it('in 16 KiB is a 431', async () => {
    await start();
    const { answer, connection } = await request({ headers: [['X-Long', 'x'.repeat(17 * 1024)]] });
    expectProblem(answer, 431);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expectUndialed();
  });

  it('in 16 KiB is a 431 also for a long target', async () => {
    await start();
    const { answer } = await request({ path: `/ws?${'x'.repeat(17 * 1024)}` });
    expectProblem(answer, 431);
  });

  it('is accepted just below that', async () => {
    await start();
    const { answer } = await request({ headers: [['X-Long', 'x'.repeat(15 * 1024)]] });
    expect(answer.status).toBe(101);
  });
});

describe('what a middleware says', () => {
  it('401 keeps its WWW-Authenticate', async () => {
    await startGuarded('Respond', { status: 401, headers: [['WWW-Authenticate', 'Bearer realm="x"']] });
    const { answer, connection } = await request();
    expect(answer.status).toBe(401);
    expect(headersOf(answer, 'www-authenticate')).toEqual(['Bearer realm="x"']);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expectUndialed();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 401, route: { pattern: '/ws' } });
  });

  it('comes before the check of the handshake', async () => {
    await startGuarded('Respond', { status: 403, body: 'no' });
    const { answer } = await request({ headers: [['Sec-WebSocket-Version', '8']] });
    expect(answer).toMatchObject({ status: 403, body: Buffer.from('no') });
  });

  it('by throwing is a 500 whose error is logged and never shown', async () => {
    await startGuarded('Throw', { message: 'the vault at 10.0.0.7 is sealed' });
    const { answer, connection } = await request({ headers: [['X-Request-Id', 'abc-1']] });
    const { requestId } = expectProblem(answer, 500);
    expect(requestId).toBe('abc-1');
    expect(answer.body.toString()).not.toContain('vault');
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    const logged = gateway.log.lines.filter(({ fields }) => JSON.stringify(texts(fields)).includes('vault'));
    expect(logged.length).toBeGreaterThan(0);
    expect(logged.every(({ fields }) => fields['requestId'] === 'abc-1' || fields['id'] === 'abc-1')).toBe(
      true,
    );
  });

  it('to answers by adding headers is on the 101, on a refusal and on what the upstream says', async () => {
    await startGuarded('AnswerHeaders', { 'X-Added': 'yes' });
    expect(headersOf((await request()).answer, 'x-added')).toEqual(['yes']);
    upstream.handshake = { status: 403, body: 'no' };
    expect(headersOf((await request()).answer, 'x-added')).toEqual(['yes']);
    const { answer } = await request({ headers: [['Sec-WebSocket-Version', '8']] });
    expectProblem(answer, 426);
    expect(headersOf(answer, 'x-added')).toEqual(['yes']);
  });
});

describe('an upstream that cannot take the connection', () => {
  it('because nobody listens is a 502', async () => {
    const port = await freePort();
    gateway = await bed.gateway(forwardingConfig(`ws://127.0.0.1:${port}/`, {}, {}, '/ws'));
    const { answer, connection } = await request();
    expectProblem(answer, 502);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expect(await gateway.nextRefusal()).toMatchObject({ status: 502 });
  });

  it('because its name does not exist is a 502', async () => {
    gateway = await bed.gateway(forwardingConfig('ws://nowhere.invalid/', {}, {}, '/ws'));
    const { answer } = await request();
    expectProblem(answer, 502);
    expect(answer.body.toString()).not.toContain('nowhere');
  });

  it.each(['connection', 'request', 'mid-answer'] as const)(
    'because it resets at the %s is a 502',
    async (resetAt) => {
      await start({ resetAt });
      const { answer } = await request();
      expectProblem(answer, 502);
      expect(tokensOf(answer, 'connection')).toEqual(['close']);
    },
  );

  it('because it says nothing for handshakeTimeout is a 504', async () => {
    const clock = new ManualClock();
    upstream = await bed.upstream({ handshake: 'manual' });
    gateway = await bed.gateway(forwardingConfig(upstream.url(), { handshakeTimeout: '10s' }, {}, '/ws'), {
      clock,
    });
    const connection = await bed.connect({ port: gateway.port });
    connection.write(handshakeRequest({ path: '/ws' }));
    const taken = await upstream.next();
    await taken.readHead();
    clock.advance(9_900);
    expect(gateway.stats()).toMatchObject({ pendingHandshakes: 1, refused: 0 });
    clock.advance(200);
    const answer = await connection.readAnswer();
    expectProblem(answer, 504);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    connection.end();
    await taken.tcpEnd();
    taken.destroy();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 504 });
  });
});

describe('the request id', () => {
  it('is the client’s when it is well-formed, on the way up and back', async () => {
    await start();
    const { answer } = await request({ headers: [['X-Request-Id', 'abc.DEF_1-2']] });
    expect(headersOf(answer, 'x-request-id')).toEqual(['abc.DEF_1-2']);
    const [taken] = upstream.connections;
    expect(taken?.request && headersOf(taken.request, 'x-request-id')).toEqual(['abc.DEF_1-2']);
    expect((await gateway.nextOpened()).id).toBe('abc.DEF_1-2');
  });

  it.each([
    ['with strange characters', 'a b'],
    ['that is too long', 'x'.repeat(129)],
    ['that is empty', ''],
  ])('%s is replaced', async (_, id) => {
    await start();
    const { answer } = await request({ headers: [['X-Request-Id', id]] });
    const [own = '', ...others] = headersOf(answer, 'x-request-id');
    expect(others).toEqual([]);
    expect(own).not.toBe(id);
    expect(own).toMatch(/^[A-Za-z0-9._-]{1,128}$/);
    const [taken] = upstream.connections;
    expect(taken?.request && headersOf(taken.request, 'x-request-id')).toEqual([own]);
  });

  it('of 128 characters is kept, on a refusal as well', async () => {
    await start({ status: 403 });
    const { answer } = await request({ headers: [['X-Request-Id', 'y'.repeat(128)]] });
    expect(answer.status).toBe(403);
    expect(headersOf(answer, 'x-request-id')).toEqual(['y'.repeat(128)]);
  });
});

describe('a refused client that keeps sending', () => {
  it.each<[string, HandshakeOptions, HandshakeScript]>([
    ['of the gateway', { path: '/nothing' }, {}],
    ['of the upstream', {}, { status: 403, body: 'n'.repeat(300_000) }],
  ])('has the whole answer %s', async (_, options, handshake) => {
    await start(handshake);
    const connection = await bed.connect({ port: gateway.port });
    const noise = Buffer.alloc(64 * 1024, 'GET /x HTTP/1.1\r\n\r\n');
    connection.write(Buffer.concat([Buffer.from(handshakeRequest({ path: '/ws', ...options })), noise]));
    const writing = setInterval(() => connection.socket.writable && connection.write(noise), 1);
    try {
      const answer = await connection.readAnswer();
      expect(answer.status).toBe(options.path === undefined ? 403 : 404);
      expect(answer.body).toHaveLength(Number(headerOf(answer, 'content-length')));
      expect(await connection.readToEnd()).toHaveLength(0);
    } finally {
      clearInterval(writing);
    }
    expect(gateway.stats()).toMatchObject({ refused: 1 });
  });
});

function texts(fields: Readonly<Record<string, unknown>>): unknown[] {
  return Object.values(fields).map((value) => (value instanceof Error ? value.message : value));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
