import { afterEach, describe, expect, it } from 'vitest';
import { type FrameSpec, fragmented, OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import type { HandshakeScript, RawUpstream } from '../support/raw-upstream.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
let gateway: StartedGateway;
let server: RawUpstream;

async function start(handshake: HandshakeScript | 'manual' = {}, action = {}, overrides = {}): Promise<void> {
  server = await bed.upstream({ handshake });
  gateway = await bed.gateway(forwardingConfig(server.url(), action), overrides);
}

async function open() {
  const client = await bed.open({ port: gateway.port });
  return { client, upstream: await server.next() };
}

/** Whatever happened before: the next connection works. */
async function expectAlive(): Promise<void> {
  server.handshake = {};
  const client = await bed.open({ port: gateway.port });
  client.sendText('still there?');
  const upstream = server.connections.at(-1);
  expect((await upstream?.nextMessage())?.payload.toString()).toBe('still there?');
  client.destroy();
}

const HALF_A_FRAME = { opcode: OPCODE.binary, payload: 'half', declaredLength: 100 };

describe('a client that resets', () => {
  afterEach(expectAlive);

  it.each([
    ['before it said anything', ''],
    ['in the middle of its request', handshakeRequest().slice(0, 60)],
  ])('%s leaves nothing behind', async (_, bytes) => {
    await start();
    const client = await bed.connect({ port: gateway.port });
    client.write(bytes);
    client.reset();
    expect(server.connections).toHaveLength(0);
  });

  it('while the upstream has not answered takes the dialed connection with it', async () => {
    await start('manual');
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    const upstream = await server.next();
    await upstream.readHead();
    client.reset();
    await upstream.tcpEnd();
    upstream.destroy();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 0 });
  });

  it('between the 101 and the first frame is told to the upstream', async () => {
    await start();
    const { client, upstream } = await open();
    client.reset();
    expect(await upstream.nextClose()).toEqual({ code: 1001, reason: 'client connection lost' });
    upstream.sendClose(1001);
    upstream.end();
    expect(await gateway.nextCause()).toBe('client-lost');
  });

  it('in the middle of a frame ends the TCP of the upstream, which cannot be told', async () => {
    await start();
    const { client, upstream } = await open();
    client.send(HALF_A_FRAME);
    await upstream.readBytes(10);
    client.reset();
    await upstream.tcpEnd();
    upstream.end();
    expect(upstream.unreadBytes).toBe(0);
    expect(await gateway.nextCause()).toBe('client-lost');
  });

  it('between two fragments is told to the upstream', async () => {
    await start();
    const { client, upstream } = await open();
    client.send({ opcode: OPCODE.text, fin: false, payload: 'begun' });
    await upstream.nextFrame();
    client.reset();
    expect(await upstream.nextClose()).toEqual({ code: 1001, reason: 'client connection lost' });
    upstream.destroy();
    expect(await gateway.nextCause()).toBe('client-lost');
  });
});

describe('a client that ends TCP without a close', () => {
  it('has what it sent delivered first, then the upstream is told', async () => {
    await start();
    const { client, upstream } = await open();
    client.send({ opcode: OPCODE.binary, payload: Buffer.alloc(300_000, 5) });
    client.end();
    expect((await upstream.nextMessage()).payload).toHaveLength(300_000);
    expect(await upstream.nextClose()).toEqual({ code: 1001, reason: 'client connection lost' });
    upstream.sendClose(1001);
    upstream.end();
    await client.tcpEnd();
    expect(await gateway.nextCause()).toBe('client-lost');
  });
});

describe('an upstream that resets', () => {
  afterEach(expectAlive);

  it.each(['connection', 'request', 'mid-answer'] as const)(
    'at its %s gets the client a 502',
    async (resetAt) => {
      await start({ resetAt });
      const { answer } = await bed.request({ port: gateway.port });
      expect(answer.status).toBe(502);
      expect(answer.headers).toContainEqual(['Connection', 'close']);
      expect(answer.body.toString()).not.toContain(String(server.port));
      expect(await gateway.nextRefusal()).toMatchObject({ status: 502 });
    },
  );

  it('right after its 101 is told to the client', async () => {
    await start({ resetAt: 'answer' });
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    const answer = await client.readAnswer();
    if (answer.status === 101) {
      expect(await client.nextClose()).toEqual({ code: 1011, reason: 'upstream connection lost' });
    } else {
      expect(answer.status).toBe(502);
    }
  });

  it('later is told to the client', async () => {
    await start();
    const { client, upstream } = await open();
    upstream.reset();
    expect(await client.nextClose()).toEqual({ code: 1011, reason: 'upstream connection lost' });
    client.sendClose(1011);
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    expect(await gateway.nextCause()).toBe('upstream-lost');
  });

  it('in the middle of a frame ends the TCP of the client', async () => {
    await start();
    const { client, upstream } = await open();
    upstream.send(HALF_A_FRAME);
    await client.readBytes(6);
    upstream.reset();
    await client.tcpEnd();
    client.end();
    expect(client.unreadBytes).toBe(0);
    expect(await gateway.nextCause()).toBe('upstream-lost');
  });
});

describe('an upstream that answers the handshake otherwise', () => {
  const HEAD = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';

  it.each<[string, HandshakeScript]>([
    ['a wrong Sec-WebSocket-Accept', { accept: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
    ['no Sec-WebSocket-Accept', { accept: null }],
    ['a subprotocol that nobody offered', { headers: [['Sec-WebSocket-Protocol', 'surprise']] }],
    ['an extension that nobody offered', { headers: [['Sec-WebSocket-Extensions', 'permessage-deflate']] }],
    ['a 101 without Upgrade', { raw: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n' }],
    ['rubbish', { raw: 'SSH-2.0-OpenSSH_9.6\r\n\r\n' }],
    ['a header line without a colon', { raw: `${HEAD}nonsense\r\n\r\n` }],
    ['a folded header', { raw: `${HEAD}X-A: b\r\n c\r\n\r\n` }],
    ['a head without an end', { raw: `${HEAD}X-Long: ${'x'.repeat(20_000)}` }],
  ])('%s is a 502', async (_, handshake) => {
    await start(handshake);
    const { answer, connection } = await bed.request({ port: gateway.port });
    expect(answer.status).toBe(502);
    expect(answer.headers).toContainEqual(['Content-Type', 'application/problem+json']);
    await connection.tcpEnd();
    expect(gateway.stats()).toMatchObject({ refused: 1, opened: 0 });
  });

  it('passes another status on with its headers and body', async () => {
    const headers = [['X-Reason', 'full']] as const;
    await start({ status: 503, body: 'come back later', headers });
    const { answer, connection } = await bed.request({ port: gateway.port });
    expect(answer).toMatchObject({ status: 503, body: Buffer.from('come back later') });
    expect(answer.headers).toContainEqual(['X-Reason', 'full']);
    await connection.tcpEnd();
  });
});

describe('frames in the same segment as the handshake', () => {
  const greeting: FrameSpec = { opcode: OPCODE.text, payload: 'first' };

  it('pass from the upstream behind its 101', async () => {
    await start({ firstFrames: [greeting, ...fragmented(OPCODE.binary, Buffer.alloc(10), [5])] });
    const { client } = await open();
    expect((await client.nextMessage()).payload.toString()).toBe('first');
    expect(await client.nextMessage()).toMatchObject({ fragments: 2 });
  });

  it('pass from the client behind its request, once the upstream has accepted', async () => {
    await start('manual');
    const client = await bed.connect({ port: gateway.port });
    client.write(Buffer.concat([Buffer.from(handshakeRequest()), client.encode(greeting)]));
    const upstream = await server.next();
    await upstream.readHead();
    expect(upstream.unreadBytes).toBe(0);
    client.sendText('second');
    client.reset();
    await upstream.tcpEnd();
    upstream.destroy();

    server.handshake = {};
    const early = client.encode(greeting);
    const own = await bed.open({ port: gateway.port, early });
    expect((await (await server.next()).nextMessage()).payload.toString()).toBe('first');
    own.destroy();
  });

  it('pass in any amount: what is more than the gateway keeps waits at the client', async () => {
    let accept = (): void => undefined;
    await start({ after: new Promise<void>((resolve) => (accept = resolve)) });
    const client = await bed.connect({ port: gateway.port });
    const early = Buffer.concat(
      Array.from({ length: 50 }, () =>
        client.encode({ opcode: OPCODE.binary, payload: Buffer.alloc(10_000) }),
      ),
    );
    client.write(Buffer.concat([Buffer.from(handshakeRequest()), early]));
    accept();
    const upstream = await server.next();
    expect((await client.readAnswer()).status).toBe(101);
    for (let i = 0; i < 50; i++) expect((await upstream.nextMessage()).payload).toHaveLength(10_000);
  });

  it('are discarded with a refusal, and never taken for another request', async () => {
    await start({ status: 403, body: 'no' });
    const early = Buffer.from('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n');
    const { answer, connection } = await bed.request({ port: gateway.port, early });
    expect(answer.status).toBe(403);
    expect(await connection.readToEnd()).toHaveLength(0);
  });
});

describe('an end that never answers', () => {
  it('a close is left after closeTimeout, and the closer gets an echo of its code', async () => {
    const clock = new ManualClock();
    await start({}, { closeTimeout: '5s' }, { clock });
    const { client, upstream } = await open();
    client.sendClose(4000, 'bye');
    expect(await upstream.nextClose()).toEqual({ code: 4000, reason: 'bye' });
    for (let i = 0; i < 60; i++) clock.advance(100);
    expect((await client.nextClose()).code).toBe(4000);
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    for (let i = 0; i < 120; i++) clock.advance(100);
    await upstream.tcpEnd();
    expect(await gateway.nextResult()).toMatchObject({ cause: 'client-closed', side: 'client' });
  });

  it('a handshake is a 504 after handshakeTimeout', async () => {
    const clock = new ManualClock();
    await start('manual', { handshakeTimeout: '10s' }, { clock });
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    const upstream = await server.next();
    await upstream.readHead();
    clock.advance(10_100);
    expect((await client.readAnswer()).status).toBe(504);
    await upstream.tcpEnd();
    upstream.destroy();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 504 });
  });
});

describe('a gateway that stops', () => {
  it('closes clients with 1012 and upstreams with 1001, and waits for them', async () => {
    await start();
    const { client, upstream } = await open();
    const stopped = gateway.stop();
    expect(await client.nextClose()).toEqual({ code: 1012, reason: 'service restart' });
    expect(await upstream.nextClose()).toMatchObject({ code: 1001 });
    client.sendClose(1012);
    upstream.sendClose(1001);
    upstream.end();
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    await stopped;
    expect(await gateway.nextCause()).toBe('draining');
  });
});
