import { afterEach, describe, expect, it } from 'vitest';
import { OPCODE } from '../support/frames.ts';
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
});
