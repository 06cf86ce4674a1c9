import { describe, expect, it } from 'vitest';
import { OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { acceptValue, type HandshakeOptions, handshakeRequest } from '../support/raw-client.ts';
import type { HandshakeScript, RawUpstream, UpstreamConnection } from '../support/raw-upstream.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem, tokensOf } from './problem.ts';

const bed = useTestBed();
let gateway: StartedGateway;
let upstream: RawUpstream;

async function start(handshake: HandshakeScript | 'manual' = {}, action = {}, overrides = {}): Promise<void> {
  upstream = await bed.upstream({ handshake });
  gateway = await bed.gateway(forwardingConfig(upstream.url(), action), overrides);
}

const request = (options: HandshakeOptions & { early?: Uint8Array } = {}) =>
  bed.request({ port: gateway.port, ...options });

/** A client whose request the upstream has read, and not answered. */
async function half(options: HandshakeOptions = {}, early = Buffer.alloc(0)) {
  const client = await bed.connect({ port: gateway.port });
  client.write(Buffer.concat([Buffer.from(handshakeRequest(options)), early]));
  const taken = await upstream.next();
  const head = await taken.readHead();
  return { client, taken, head };
}

const accept101 = (taken: UpstreamConnection, head: Parameters<typeof headersOf>[0], ...extra: string[]) => {
  const [key = ''] = headersOf(head, 'sec-websocket-key');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptValue(key)}`,
    ...extra,
  ];
  taken.write(`${lines.join('\r\n')}\r\n\r\n`);
};

describe('an answer of the upstream other than 101', () => {
  it.each<[number, [string, string][]]>([
    [401, [['WWW-Authenticate', 'Basic realm="here"']]],
    [403, [['X-Why', 'because']]],
    [404, []],
    [
      302,
      [
        ['Location', 'https://elsewhere.test/'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ],
    ],
    [429, [['Retry-After', '17']]],
    [500, []],
    [503, [['Retry-After', '9']]],
  ])('%i passes with its headers and body', async (status, headers) => {
    await start({ status, body: 'in its own words', headers });
    const { answer, connection } = await request();
    expect(answer).toMatchObject({ status, body: Buffer.from('in its own words') });
    for (const name of new Set(headers.map(([each]) => each))) {
      const values = headers.filter(([each]) => each === name).map(([, value]) => value);
      expect(headersOf(answer, name)).toEqual(values);
    }
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(headersOf(answer, 'x-request-id')).toHaveLength(1);
    expect(await connection.tcpEnd()).toBe('fin');
    expect(await gateway.nextRefusal()).toMatchObject({ status });
    await upstream.connections[0]?.tcpEnd();
  });

  it('426 gets our Upgrade', async () => {
    await start({ status: 426, headers: [['Sec-WebSocket-Version', '13, 8']] });
    const { answer } = await request();
    expect(answer.status).toBe(426);
    expect(headersOf(answer, 'upgrade')).toEqual(['websocket']);
    expect(tokensOf(answer, 'connection')).toEqual(['upgrade', 'close']);
    expect(headersOf(answer, 'sec-websocket-version')).toEqual(['13, 8']);
  });

  it('keeps its hop-by-hop headers to itself', async () => {
    const headers: [string, string][] = [
      ['Connection', 'keep-alive, X-Hop'],
      ['Keep-Alive', 'timeout=5'],
      ['X-Hop', '1'],
      ['X-End', '2'],
      ['Upgrade', 'h2c'],
    ];
    await start({ status: 403, body: 'no', headers });
    const { answer } = await request();
    expect(answer.status).toBe(403);
    expect(headersOf(answer, 'connection')).toEqual(['close']);
    for (const name of ['keep-alive', 'x-hop', 'upgrade']) expect(headersOf(answer, name)).toEqual([]);
    expect(headersOf(answer, 'x-end')).toEqual(['2']);
  });

  it('204 and 304 have no body', async () => {
    for (const status of [204, 304]) {
      await start({ raw: `HTTP/1.1 ${status} Fine\r\nX-A: b\r\n\r\n` });
      const { answer, connection } = await request();
      expect(answer.status).toBe(status);
      expect(headersOf(answer, 'x-a')).toEqual(['b']);
      expect(await connection.readToEnd()).toHaveLength(0);
    }
  });

  it('with a chunked body passes', async () => {
    await start({
      raw: 'HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n',
    });
    const { answer, connection } = await request();
    expect(answer).toMatchObject({ status: 403, body: Buffer.from('hello world') });
    expect(headersOf(answer, 'x-t')).toEqual([]);
    expect(await connection.tcpEnd()).toBe('fin');
  });

  it('with a body that only the end of TCP ends passes', async () => {
    await start('manual');
    const { client, taken } = await half();
    taken.write('HTTP/1.1 403 No\r\n\r\nuntil ');
    taken.write('the end');
    taken.end();
    const answer = await client.readAnswer();
    expect(answer).toMatchObject({ status: 403, body: Buffer.from('until the end') });
  });

  it('with a body that breaks off does not look complete', async () => {
    await start('manual');
    const { client, taken } = await half();
    taken.write('HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nhalf');
    await client.readHead();
    taken.reset();
    expect((await client.readToEnd()).length).toBeLessThan(100);
  });

  it('with a chunked body that breaks off does not look complete', async () => {
    await start('manual');
    const { client, taken } = await half();
    taken.write('HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    await client.readHead();
    taken.reset();
    expect((await client.readToEnd()).toString()).not.toContain('0\r\n\r\n');
  });

  it('with a large body passes whole, and waits for a client that does not read', async () => {
    await start('manual');
    const { client, taken } = await half();
    client.pause();
    const size = 32 * 1024 * 1024;
    taken.write(`HTTP/1.1 403 No\r\nContent-Length: ${size}\r\n\r\n`);
    let written = 0;
    const block = Buffer.alloc(64 * 1024, 'b');
    while (written < size && taken.socket.writableLength < 1024 * 1024) {
      taken.write(block);
      written += block.length;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(taken.socket.writableLength).toBeGreaterThan(0);
    expect(gateway.stats()).toMatchObject({ connections: 0, opened: 0 });
    while (written < size) {
      taken.write(block);
      written += block.length;
    }
    client.resume();
    const answer = await client.readAnswer();
    expect(answer.status).toBe(403);
    expect(answer.body).toHaveLength(size);
  });

  it('is left when the client does not read it for too long', async () => {
    const clock = new ManualClock();
    await start('manual', {}, { clock });
    const { client, taken } = await half();
    client.pause();
    taken.write('HTTP/1.1 403 No\r\n\r\n');
    const block = Buffer.alloc(64 * 1024, 'b');
    while (taken.socket.writableLength < 1024 * 1024) {
      taken.write(block);
      await new Promise((resolve) => setImmediate(resolve));
    }
    for (let i = 0; i < 100; i++) clock.advance(1_000);
    await taken.tcpEnd();
    taken.destroy();
    client.resume();
    await client.tcpEnd();
    client.end();
    for (let i = 0; i < 100; i++) clock.advance(1_000);
    await gateway.nextRefusal();
  });

  it('is left when the upstream stalls in the middle of its body', async () => {
    const clock = new ManualClock();
    await start('manual', {}, { clock });
    const { client, taken } = await half();
    taken.write('HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nhalf');
    await client.readHead();
    for (let i = 0; i < 100; i++) clock.advance(1_000);
    await taken.tcpEnd();
    taken.destroy();
    await client.tcpEnd();
    client.end();
    for (let i = 0; i < 10; i++) clock.advance(1_000);
    expect(await gateway.nextRefusal()).toMatchObject({ status: 403 });
  });

  it('is passed on to nobody when the client left in the middle', async () => {
    await start('manual');
    const { client, taken } = await half();
    taken.write('HTTP/1.1 403 No\r\nContent-Length: 100000\r\n\r\nhalf');
    await client.readHead();
    client.reset();
    await taken.tcpEnd();
    taken.destroy();
    await gateway.nextRefusal();
  });
});

describe('interim answers', () => {
  it('are skipped', async () => {
    await start('manual');
    const { client, taken, head } = await half();
    taken.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n');
    accept101(taken, head, 'X-Real: yes');
    const answer = await client.readAnswer();
    expect(answer.status).toBe(101);
    expect(headersOf(answer, 'x-real')).toEqual(['yes']);
    expect(headersOf(answer, 'link')).toEqual([]);
    client.sendText('hi');
    expect((await taken.nextMessage()).payload.toString()).toBe('hi');
  });

  it('without end are a 502', async () => {
    await start('manual');
    const { client, taken } = await half();
    const interim = 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(100);
    for (let i = 0; i < 50 && taken.socket.writable; i++) {
      taken.write(interim);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expectProblem(await client.readAnswer(), 502);
  });
});

describe('an answer that is no valid handshake', () => {
  const HEAD = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';

  it.each<[string, HandshakeScript]>([
    ['a wrong Sec-WebSocket-Accept', { accept: acceptValue('AAAAAAAAAAAAAAAAAAAAAA==') }],
    ['no Sec-WebSocket-Accept', { accept: null }],
    ['a subprotocol that was not offered', { headers: [['Sec-WebSocket-Protocol', 'b']] }],
    [
      'two subprotocols',
      {
        headers: [
          ['Sec-WebSocket-Protocol', 'a'],
          ['Sec-WebSocket-Protocol', 'a'],
        ],
      },
    ],
    ['an extension that was not offered', { headers: [['Sec-WebSocket-Extensions', 'x-other']] }],
    ['compression that was not offered', { headers: [['Sec-WebSocket-Extensions', 'permessage-deflate']] }],
    ['no Upgrade', { raw: 'HTTP/1.1 101 S\r\nConnection: Upgrade\r\n\r\n' }],
    ['no Connection', { raw: 'HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n' }],
    ['another protocol', { raw: 'HTTP/1.1 101 S\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n' }],
    ['HTTP/2', { raw: 'HTTP/2 101\r\n\r\n' }],
    ['a bare LF', { raw: 'HTTP/1.1 403 No\nContent-Length: 0\n\n' }],
    ['a status of four digits', { raw: 'HTTP/1.1 4030 No\r\n\r\n' }],
    ['a status below 100', { raw: 'HTTP/1.1 042 No\r\n\r\n' }],
    ['a status above 599', { raw: 'HTTP/1.1 999 No\r\nContent-Length: 0\r\n\r\n' }],
    ['a NUL in a header', { raw: 'HTTP/1.1 403 No\r\nX-A: a\0b\r\n\r\n' }],
    ['two Content-Lengths', { raw: 'HTTP/1.1 403 No\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab' }],
    ['a space before a colon', { raw: 'HTTP/1.1 403 No\r\nX-A : b\r\n\r\n' }],
    ['a head over 16 KiB', { raw: `${HEAD}X-Long: ${'x'.repeat(16 * 1024)}\r\n\r\n` }],
    ['a head without an end', { raw: `HTTP/1.1 403 No\r\nX-Long: ${'x'.repeat(40 * 1024)}` }],
    ['a close of TCP', { raw: '' }],
  ])('%s is a 502', async (what, handshake) => {
    await start(what === 'a close of TCP' ? 'manual' : handshake);
    const connection = await bed.connect({ port: gateway.port });
    connection.write(handshakeRequest({ subprotocols: ['a'] }));
    if (what === 'a close of TCP') {
      const taken = await upstream.next();
      await taken.readHead();
      taken.end();
    }
    const answer = await connection.readAnswer();
    expectProblem(answer, 502);
    expect(tokensOf(answer, 'connection')).toEqual(['close']);
    expect(await connection.tcpEnd()).toBe('fin');
    expect(gateway.stats()).toMatchObject({ refused: 1, opened: 0 });
    await upstream.connections[0]?.tcpEnd();
  });

  it('does not take other offers of extensions upstream at all', async () => {
    await start('manual');
    const { head, client, taken } = await half({
      extensions: 'x-other; a=1, permessage-deflate; client_max_window_bits, x-third',
    });
    expect(headersOf(head, 'sec-websocket-extensions')).toEqual([
      'permessage-deflate; client_max_window_bits',
    ]);
    accept101(taken, head, 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10');
    const answer = await client.readAnswer();
    expect(headersOf(answer, 'sec-websocket-extensions')).toEqual([
      'permessage-deflate; client_max_window_bits=10',
    ]);
  });
});

describe('a 101', () => {
  it('carries the upstream’s other headers and its choice of a subprotocol', async () => {
    await start({
      headers: [
        ['Sec-WebSocket-Protocol', 'b'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['Server', 'hidden/1'],
      ],
    });
    const client = await bed.open({ port: gateway.port, subprotocols: ['a', 'b'] });
    expect(headersOf(client.answer, 'sec-websocket-protocol')).toEqual(['b']);
    expect(headersOf(client.answer, 'set-cookie')).toEqual(['a=1', 'b=2']);
    expect(headersOf(client.answer, 'connection')).toEqual(['Upgrade']);
    expect(headersOf(client.answer, 'upgrade')).toEqual(['websocket']);
    expect(headersOf(client.answer, 'sec-websocket-accept')).toHaveLength(1);
    const request0 = upstream.connections[0]?.request;
    expect(request0 && headersOf(request0, 'sec-websocket-protocol')).toEqual(['a, b']);
  });

  it('was asked for with a fresh key each time', async () => {
    await start();
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    for (let i = 0; i < 2; i++) await bed.open({ port: gateway.port, key });
    const keys = upstream.connections.map(
      ({ request: head }) => head && headersOf(head, 'sec-websocket-key'),
    );
    expect(new Set([...keys.flat(), key]).size).toBe(3);
  });

  it('with frames in its segment has them delivered right behind it', async () => {
    const first = Array.from({ length: 3 }, (_, i) => ({ opcode: OPCODE.text, payload: `hello ${i}` }));
    await start({ firstFrames: first });
    const client = await bed.open({ port: gateway.port });
    for (const { payload } of first) expect((await client.nextMessage()).payload.toString()).toBe(payload);
  });

  it('with a close in its segment ends in good order', async () => {
    await start({ firstFrames: [{ opcode: OPCODE.close, payload: Buffer.from([0x0f, 0xa0]) }] });
    const client = await bed.open({ port: gateway.port });
    expect(await client.nextClose()).toEqual({ code: 4000, reason: '' });
    client.sendClose(4000);
    const taken = await upstream.next();
    expect((await taken.nextClose()).code).toBe(4000);
    taken.end();
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    expect(await gateway.nextCause()).toBe('upstream-closed');
  });

  it('that comes one byte at a time is read', async () => {
    await start('manual');
    const { client, taken, head } = await half();
    const [key = ''] = headersOf(head, 'sec-websocket-key');
    const answer = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptValue(key)}\r\n\r\n`;
    for (const byte of Buffer.concat([Buffer.from(answer), Buffer.from([0x81, 0x02, 0x68, 0x69])])) {
      taken.write(Buffer.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await client.readAnswer()).status).toBe(101);
    expect((await client.nextMessage()).payload.toString()).toBe('hi');
  });
});
