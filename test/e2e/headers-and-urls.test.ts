import { beforeEach, describe, expect, it } from 'vitest';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import type { HandshakeOptions } from '../support/raw-client.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem, tokensOf } from './problem.ts';

const bed = useTestBed();

let gateway: StartedGateway;
let upstream: RawUpstream;

beforeEach(async () => {
  upstream = await bed.upstream();
});

async function start(action = {}, server = {}, path = '/ws', endpoint = '/'): Promise<void> {
  gateway = await bed.gateway(forwardingConfig(upstream.url(endpoint), action, server, path));
}

const request = (options: HandshakeOptions & { early?: Uint8Array } = {}) =>
  bed.request({ port: gateway.port, path: '/ws', ...options });

/** What the upstream was asked, for one handshake. */
async function asked(options: HandshakeOptions = {}) {
  const { answer } = await request(options);
  if (answer.status !== 101) throw new Error(`${answer.startLine}: ${answer.body.toString()}`);
  const head = (await upstream.next()).request;
  if (head === null) throw new Error('the upstream read no request');
  return head;
}

describe('headers on their way to the upstream', () => {
  it('go through in order, repeated ones too', async () => {
    await start();
    const head = await asked({
      headers: [
        ['X-B', '1'],
        ['Cookie', 'a=1; b=2'],
        ['X-A', 'x'],
        ['X-B', '2'],
        ['Authorization', 'Bearer t'],
        ['Origin', 'https://page.test'],
        ['User-Agent', 'tést'],
      ],
    });
    const own = head.headers.filter(([name]) => /^(?:x-[ab]|cookie|authorization|origin)$/i.test(name));
    expect(own).toEqual([
      ['X-B', '1'],
      ['Cookie', 'a=1; b=2'],
      ['X-A', 'x'],
      ['X-B', '2'],
      ['Authorization', 'Bearer t'],
      ['Origin', 'https://page.test'],
    ]);
    expect(headersOf(head, 'user-agent')).toEqual(['tést']);
  });

  it('make up a handshake of our own', async () => {
    await start();
    const head = await asked({ headers: [['Expect', '100-continue']] });
    expect(head.startLine).toBe('GET / HTTP/1.1');
    expect(headersOf(head, 'upgrade')).toEqual(['websocket']);
    expect(headersOf(head, 'connection')).toEqual(['Upgrade']);
    expect(headersOf(head, 'sec-websocket-version')).toEqual(['13']);
    expect(headersOf(head, 'sec-websocket-key')).toHaveLength(1);
    expect(headersOf(head, 'expect')).toEqual([]);
    expect(headersOf(head, 'content-length')).toEqual([]);
  });

  it('leave out hop-by-hop ones and those that Connection nominates', async () => {
    await start();
    const head = await asked({
      headers: [
        ['Connection', 'keep-alive, Upgrade, X-Mine, x-other'],
        ['Keep-Alive', 'timeout=5'],
        ['X-Mine', '1'],
        ['X-Other', '2'],
        ['X-Third', '3'],
        ['TE', 'trailers'],
        ['Trailer', 'X-T'],
        ['Proxy-Authorization', 'Basic eA=='],
        ['Proxy-Connection', 'keep-alive'],
        ['HTTP2-Settings', 'AAMAAABk'],
      ],
    });
    const gone = [
      ...['keep-alive', 'x-mine', 'x-other', 'te', 'trailer', 'proxy-authorization'],
      ...['proxy-connection', 'http2-settings'],
    ];
    for (const name of gone) expect(headersOf(head, name), name).toEqual([]);
    expect(headersOf(head, 'x-third')).toEqual(['3']);
  });

  it('never carry X-Wsfw-* from outside', async () => {
    await start({}, { trustedProxies: ['127.0.0.1'] });
    const head = await asked({
      headers: [
        ['X-Wsfw-User', 'root'],
        ['x-WSFW-x', '1'],
      ],
    });
    expect(head.headers.filter(([name]) => /^x-wsfw/i.test(name))).toEqual([]);
  });

  it('follow the rules: remove, then set', async () => {
    await start({
      headers: {
        set: { 'X-Set': 'ours', 'X-Both': 'ours', Authorization: 'Basic eA==' },
        remove: ['cookie', 'X-Both'],
      },
    });
    const head = await asked({
      headers: [
        ['Cookie', 'a=1'],
        ['COOKIE', 'b=2'],
        ['X-Set', 'theirs'],
        ['x-set', 'theirs too'],
        ['X-Both', 'theirs'],
        ['Authorization', 'Bearer theirs'],
      ],
    });
    expect(headersOf(head, 'cookie')).toEqual([]);
    expect(headersOf(head, 'x-set')).toEqual(['ours']);
    expect(headersOf(head, 'x-both')).toEqual(['ours']);
    expect(headersOf(head, 'authorization')).toEqual(['Basic eA==']);
  });

  it('carry the client’s Host by default, and the endpoint’s without preserveHost', async () => {
    await start();
    expect(headersOf(await asked({ headers: [['Host', 'Chat.test:81']] }), 'host')).toEqual(['Chat.test:81']);
    await start({ preserveHost: false });
    const head = await asked({ headers: [['Host', 'chat.test']] });
    expect(headersOf(head, 'host')).toEqual([`127.0.0.1:${upstream.port}`]);
    expect(headersOf(head, 'x-forwarded-host')).toEqual(['chat.test']);
  });
});

describe('where a request came from', () => {
  const FORGED: [string, string][] = [
    ['X-Forwarded-For', '6.6.6.6'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Host', 'evil.test'],
    ['X-Forwarded-Port', '1'],
    ['X-Real-IP', '6.6.6.6'],
    ['Forwarded', 'for=6.6.6.6'],
  ];

  it('is told afresh when the peer is not trusted', async () => {
    await start();
    const head = await asked({ headers: FORGED });
    expect(headersOf(head, 'x-forwarded-for')).toEqual(['127.0.0.1']);
    expect(headersOf(head, 'x-forwarded-proto')).toEqual(['http']);
    expect(headersOf(head, 'x-forwarded-host')).toEqual(['gateway.test']);
    expect(headersOf(head, 'x-forwarded-port')).toEqual([]);
    expect(headersOf(head, 'x-real-ip')).toEqual(['127.0.0.1']);
    expect(headersOf(head, 'forwarded').join()).not.toContain('6.6.6.6');
    expect((await gateway.nextOpened()).clientAddress).toBe('127.0.0.1');
  });

  it('is added to what a trusted proxy says', async () => {
    await start({}, { trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] });
    const head = await asked({
      headers: [
        ['X-Forwarded-For', '6.6.6.6, 203.0.113.9'],
        ['X-Forwarded-For', '10.1.1.1'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Host', 'front.test'],
      ],
    });
    expect(headersOf(head, 'x-forwarded-for')).toEqual(['6.6.6.6, 203.0.113.9, 10.1.1.1, 127.0.0.1']);
    expect(headersOf(head, 'x-forwarded-proto')).toEqual(['https']);
    expect(headersOf(head, 'x-forwarded-host')).toEqual(['front.test']);
    expect((await gateway.nextOpened()).clientAddress).toBe('203.0.113.9');
  });

  it('is warned of once when a proxy was not declared', async () => {
    await start();
    for (let i = 0; i < 3; i++) await asked({ headers: FORGED });
    const warnings = gateway.log.lines.filter(({ level }) => level === 'warn');
    expect(warnings).toHaveLength(1);
    expect(warnings[0]?.message).toContain('trustedProxies');
  });
});

describe('the path', () => {
  const target = async (path: string, route: string, endpoint: string): Promise<string> => {
    await start({}, {}, route, endpoint);
    return (await asked({ path })).startLine.split(' ')[1] ?? '';
  };

  it.each([
    ['/ws', '/ws', '/inner', '/inner'],
    ['/ws/', '/ws', '/inner', '/inner'],
    ['/WS', '/ws', '/inner', '/inner'],
    ['/ws/', '/ws/*', '/inner', '/inner/'],
    ['/ws/a', '/ws/*', '/inner', '/inner/a'],
    ['/ws/a', '/ws/*', '/inner/', '/inner/a'],
    ['/ws/a', '/ws/*', '/', '/a'],
    ['/ws//a', '/ws/*', '/inner', '/inner/a'],
    ['/ws/a/b/', '/ws/*', '/inner', '/inner/a/b/'],
    ['/ws/a//b', '/ws/*', '/inner', '/inner/a//b'],
    ['/ws/a%20b%C3%A9', '/ws/*', '/inner', '/inner/a%20b%C3%A9'],
    ['/ws/a%2Bb+c;d=1:@!$', '/ws/*', '/inner', '/inner/a%2Bb+c;d=1:@!$'],
    ['/ws/%61%7e~', '/ws/*', '/inner', '/inner/%61%7e~'],
    ['/ws/...', '/ws/*', '/inner', '/inner/...'],
    ['/rooms/7', '/rooms/:id', '/r/:id/ws', '/r/7/ws'],
    ['/rooms/a%20b', '/rooms/:id', '/r/:id', '/r/a%20b'],
    ['/rooms/7/8/', '/rooms/:id/:sub', '/r/:sub/:id', '/r/8/7'],
    ['/rooms/7/x/y', '/rooms/:id/*', '/r/:id', '/r/7/x/y'],
  ])('%s under %s at %s is %s', async (path, route, endpoint, expected) => {
    expect(await target(path, route, endpoint)).toBe(expected);
  });

  it('without its slash is not under a wildcard', async () => {
    await start({}, {}, '/ws/*');
    expectProblem((await request({ path: '/ws' })).answer, 404);
  });

  it.each([
    '/ws/..',
    '/ws/../x',
    '/ws/.',
    '/ws/a/./b',
    '/ws/%2e%2e/x',
    '/ws/.%2E',
    '/ws/a%2fb',
    '/ws/a%5Cb',
    '/ws/a\\b',
    '/ws/a%00b',
    '/ws/a%0Ab',
    '/ws/%7f',
  ])('%s is a 400, and the upstream hears nothing', async (path) => {
    await start({}, {}, '/ws/*');
    const { answer } = await request({ path });
    expectProblem(answer, 400);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(upstream.connections).toHaveLength(0);
  });

  it.each(['/rooms/..', '/rooms/%2e', '/rooms/a%2Fb', '/rooms/%00'])('%s is a 400', async (path) => {
    await start({}, {}, '/rooms/:id', '/r/:id');
    expectProblem((await request({ path })).answer, 400);
    expect(upstream.connections).toHaveLength(0);
  });

  it('may be told apart by case and slash', async () => {
    await start({}, { strictRouting: true, caseSensitive: true });
    expectProblem((await request({ path: '/ws/' })).answer, 404);
    expectProblem((await request({ path: '/WS' })).answer, 404);
    expect((await request({ path: '/ws' })).answer.status).toBe(101);
  });
});

describe('the query', () => {
  it.each([
    ['?a=1&b=%20&a=2', '', '?a=1&b=%20&a=2'],
    ['', '?key=k', '?key=k'],
    ['?a=1', '?key=k', '?key=k&a=1'],
    ['?key=forged&a=1', '?key=k', '?key=k&a=1'],
    ['?k%65y=forged&a=1', '?key=k', '?key=k&a=1'],
    ['?a=1&&b', '?key=k', '?key=k&a=1&&b'],
    ['?', '', ''],
  ])('%s at an endpoint with %s goes up as %s', async (own, fixed, expected) => {
    await start({}, {}, '/ws', `/x${fixed}`);
    expect((await asked({ path: `/ws${own}` })).startLine).toBe(`GET /x${expected} HTTP/1.1`);
  });
});

describe('the target and Host', () => {
  it('in absolute form replace Host', async () => {
    await start();
    const head = await asked({ path: 'http://Real.test:99/ws?q=1', headers: [['Host', 'other.test']] });
    expect(head.startLine).toBe('GET /?q=1 HTTP/1.1');
    expect(headersOf(head, 'host')).toEqual(['Real.test:99']);
    expect(headersOf(head, 'x-forwarded-host')).toEqual(['Real.test:99']);
  });

  it('choose the route of a host', async () => {
    const base = forwardingConfig(upstream.url('/any'));
    const Special = {
      use: 'plugins.wsfw.actions.WebSocketAction',
      config: { upstreamEndpoint: upstream.url('/special') },
    };
    gateway = await bed.gateway({
      ...base,
      actions: { ...(base['actions'] as object), Special },
      routes: [
        { path: '/ws', action: 'Forward' },
        { path: '/ws', host: 'special.test', action: 'Special', name: 'special' },
      ],
    });
    const path = async (host: string) => (await asked({ headers: [['Host', host]] })).startLine.split(' ')[1];
    expect(await path('special.test')).toBe('/special');
    expect(await path('SPECIAL.test:8080')).toBe('/special');
    expect(await path('other.test')).toBe('/any');
  });

  it('two Hosts are a 400 for plain requests as well', async () => {
    await start();
    const connection = await bed.connect({ port: gateway.port });
    connection.write('GET /health/live HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n');
    expectProblem(await connection.readAnswer(), 400);
    expect(await connection.tcpEnd()).toBe('fin');
  });
});
