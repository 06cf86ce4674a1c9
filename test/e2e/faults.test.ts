import { describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { fragmented, OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headerOf } from '../support/http-head.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { generator } from '../support/random.ts';
import { acceptValue, handshakeRequest } from '../support/raw-client.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import type { HandshakeScript, RawUpstream, UpstreamConnection } from '../support/raw-upstream.ts';
import { settled } from '../support/resources.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
const TRUSTING = { tls: { ca: certificates.ca, servername: 'localhost' } };
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

const ended = () => gateway.log.lines.filter(({ message }) => message === 'connection closed');
const refused = () => gateway.log.lines.filter(({ message }) => /handshake/.test(message));

/** Both sides answer a close as RFC 6455 §7.1.1 wants. */
async function finish(client: RawConnection, upstream: RawConnection): Promise<void> {
  upstream.end();
  expect(await client.tcpEnd()).toBe('fin');
  client.end();
  await upstream.tcpEnd();
}

describe('a client that resets', () => {
  it.each([
    ['before its request', 0],
    ['in the request line', 5],
    ['in a header', 70],
    ['just before the end of its request', -1],
  ])('%s was no handshake', async (_, cut) => {
    await start();
    const client = await bed.connect({ port: gateway.port });
    const bytes = handshakeRequest().slice(0, cut);
    if (bytes !== '') await new Promise((resolve) => client.socket.write(bytes, resolve));
    client.reset();
    await open();
    expect(gateway.stats()).toMatchObject({ opened: 1, refused: 0 });
    expect(server.connections).toHaveLength(1);
  });

  it('with its whole request is one refusal', async () => {
    await start('manual');
    const client = await bed.connect({ port: gateway.port });
    await new Promise((resolve) => client.socket.write(handshakeRequest(), resolve));
    const upstream = await server.next();
    await upstream.readHead();
    client.reset();
    await upstream.tcpEnd();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 0 });
    expect(refused()).toHaveLength(1);
  });

  it('while its answer is under way is one refusal', async () => {
    await start('manual');
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    const upstream = await server.next();
    await upstream.readHead();
    upstream.write('HTTP/1.1 403 No\r\nContent-Length: 1000000\r\n\r\n');
    await client.readHead();
    client.reset();
    await upstream.tcpEnd();
    await gateway.nextRefusal();
    expect(refused()).toHaveLength(1);
  });

  it('at the moment of the 101 is told to the upstream, or was refused', async () => {
    for (let i = 0; i < 20; i++) {
      await start('manual');
      const client = await bed.connect({ port: gateway.port });
      client.write(handshakeRequest());
      const upstream = await server.next();
      const head = await upstream.readHead();
      const accept = acceptValue(headerOf(head, 'sec-websocket-key') ?? '');
      upstream.write(
        `HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      for (let turn = 0; turn < i % 5; turn++) await new Promise((resolve) => setImmediate(resolve));
      client.reset();
      const told = await upstream.nextClose().catch(() => null);
      if (told !== null) expect(told).toEqual({ code: 1001, reason: 'client connection lost' });
      upstream.destroy();
      await settled(() => {
        const { opened, ended: gone, refused: no } = gateway.stats();
        return gone + no === 1 && opened === gone ? null : `${opened} opened, ${gone} ended, ${no} refused`;
      });
    }
  });

  it('in the middle of a header leaves nothing of it behind at the upstream', async () => {
    await start();
    const { client, upstream } = await open();
    client.write(Buffer.from([0x82, 0xfe, 0x01]));
    await new Promise((resolve) => client.socket.write('', resolve));
    client.reset();
    expect(await upstream.nextClose()).toEqual({ code: 1001, reason: 'client connection lost' });
    upstream.destroy();
    expect(await gateway.nextCause()).toBe('client-lost');
  });
});

describe('an upstream that resets', () => {
  it('in the middle of a header leaves nothing of it behind at the client', async () => {
    await start();
    const { client, upstream } = await open();
    upstream.write(Buffer.from([0x82, 0x7e]));
    upstream.end();
    expect(await client.nextClose()).toEqual({ code: 1011, reason: 'upstream connection lost' });
    client.sendClose(1011);
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    expect(await gateway.nextResult()).toMatchObject({ cause: 'upstream-lost', side: 'upstream' });
  });

  it('between two fragments is told to the client', async () => {
    await start();
    const { client, upstream } = await open();
    upstream.send({ opcode: OPCODE.text, fin: false, payload: 'begun' });
    await client.nextFrame();
    upstream.reset();
    expect(await client.nextClose()).toEqual({ code: 1011, reason: 'upstream connection lost' });
    client.sendClose(1011);
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    expect(await gateway.nextCause()).toBe('upstream-lost');
  });

  it('while the client does not read is told to it once it does', async () => {
    await start();
    const { client, upstream } = await open();
    client.pause();
    const block = upstream.encode({ opcode: OPCODE.binary, payload: Buffer.alloc(60_000, 'x') });
    let sent = 0;
    while (upstream.socket.writableLength < 200_000) {
      upstream.write(block);
      sent++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    upstream.end();
    client.resume();
    for (let i = 0; i < sent; i++) expect((await client.nextMessage()).payload).toHaveLength(60_000);
    expect(await client.nextClose()).toEqual({ code: 1011, reason: 'upstream connection lost' });
    client.destroy();
    expect(await gateway.nextCause()).toBe('upstream-lost');
  });

  it('together with the client leaves nothing behind', async () => {
    await start();
    for (let i = 0; i < 20; i++) {
      const { client, upstream } = await open();
      if (i % 2 === 0) client.sendText('x');
      if (i % 3 === 0) upstream.sendText('y');
      client.reset();
      upstream.reset();
      expect(['client-lost', 'upstream-lost']).toContain(await gateway.nextCause());
    }
    expect(ended()).toHaveLength(20);
  });
});

describe('closes', () => {
  it('that cross are each the other’s reply, and the first one is the cause', async () => {
    await start();
    const { client, upstream } = await open();
    client.sendClose(4001, 'mine');
    upstream.sendClose(4002, 'yours');
    const [atClient, atUpstream] = await Promise.all([client.nextClose(), upstream.nextClose()]);
    expect(atClient).toEqual({ code: 4002, reason: 'yours' });
    expect(atUpstream).toEqual({ code: 4001, reason: 'mine' });
    await finish(client, upstream);
    const result = await gateway.nextResult();
    expect(['client-closed', 'upstream-closed']).toContain(result.cause);
    expect(result.client).toMatchObject({ closeReceived: 4001, closeSent: 4002 });
    expect(result.upstream).toMatchObject({ closeReceived: 4002, closeSent: 4001 });
    expect(ended()).toHaveLength(1);
  });

  it('without a code stay without one', async () => {
    await start();
    const { client, upstream } = await open();
    client.sendClose();
    expect(await upstream.nextClose()).toEqual({ code: 1005, reason: '' });
    upstream.sendClose();
    expect(await client.nextClose()).toEqual({ code: 1005, reason: '' });
    await finish(client, upstream);
    expect(await gateway.nextResult()).toMatchObject({
      cause: 'client-closed',
      client: { closeReceived: 1005, closeSent: 1005 },
    });
  });

  it.each(['client', 'upstream'] as const)(
    'in the middle of a fragmented message of the %s pass',
    async (side) => {
      await start();
      const { client, upstream } = await open();
      const [from, to] = side === 'client' ? [client, upstream] : [upstream, client];
      from.send({ opcode: OPCODE.text, fin: false, payload: 'begun' });
      from.sendClose(1000, 'never mind');
      expect((await to.nextFrame()).payload.toString()).toBe('begun');
      expect(await to.nextClose()).toEqual({ code: 1000, reason: 'never mind' });
      to.sendClose(1000);
      expect((await from.nextClose()).code).toBe(1000);
      await finish(client, upstream);
      expect(await gateway.nextCause()).toBe(`${side}-closed`);
    },
  );

  it('of one side leave the other’s messages flowing until its own close', async () => {
    await start();
    const { client, upstream } = await open();
    upstream.send({ opcode: OPCODE.text, fin: false, payload: 'first ' });
    expect((await client.nextFrame()).payload.toString()).toBe('first ');
    client.sendClose(1000);
    expect((await upstream.nextClose()).code).toBe(1000);
    upstream.send({ opcode: OPCODE.continuation, payload: 'second' });
    upstream.sendText('third');
    upstream.sendClose(1000);
    expect((await client.nextFrame()).payload.toString()).toBe('second');
    expect((await client.nextMessage()).payload.toString()).toBe('third');
    expect((await client.nextClose()).code).toBe(1000);
    await finish(client, upstream);
  });

  it('are followed by whatever: it is discarded and no error', async () => {
    await start();
    const { client, upstream } = await open();
    client.sendClose(1000);
    client.write(Buffer.alloc(300_000, 0xff));
    expect((await upstream.nextClose()).code).toBe(1000);
    upstream.sendClose(1000);
    expect((await client.nextClose()).code).toBe(1000);
    await finish(client, upstream);
    expect(upstream.unreadBytes).toBe(0);
    expect(await gateway.nextCause()).toBe('client-closed');
  });

  it('reach a client that goes on sending while the gateway closes', async () => {
    await start({}, { maxMessageSize: '10KiB' });
    const { client, upstream } = await open();
    client.send({ opcode: OPCODE.binary, payload: Buffer.alloc(1_000_000) });
    expect((await client.nextClose()).code).toBe(1009);
    expect((await upstream.nextClose()).code).toBe(1001);
    client.sendClose(1009);
    upstream.sendClose(1001);
    await finish(client, upstream);
    expect(await gateway.nextResult()).toMatchObject({ cause: 'message-too-big', side: 'client' });
  });

  it('of a client that resets right behind them still end everything', async () => {
    await start();
    const { client, upstream } = await open();
    client.sendClose(1000);
    await new Promise((resolve) => client.socket.write('', resolve));
    client.reset();
    await upstream.nextClose();
    upstream.sendClose(1000);
    upstream.end();
    await upstream.tcpEnd();
    expect(['client-closed', 'client-lost']).toContain(await gateway.nextCause());
    expect(ended()).toHaveLength(1);
  });

  it('whose upstream never ends TCP are over after closeTimeout', async () => {
    const clock = new ManualClock();
    await start({}, { closeTimeout: '5s' }, { clock });
    const { client, upstream } = await open();
    client.sendClose(1000);
    expect((await upstream.nextClose()).code).toBe(1000);
    upstream.sendClose(1000);
    expect((await client.nextClose()).code).toBe(1000);
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    for (let i = 0; i < 52; i++) clock.advance(100);
    await upstream.tcpEnd();
    expect(await gateway.nextCause()).toBe('client-closed');
  });

  it('whose client never ends TCP are over all the same', async () => {
    const clock = new ManualClock();
    await start({}, { closeTimeout: '5s' }, { clock });
    const { client, upstream } = await open();
    upstream.sendClose(1000);
    expect((await client.nextClose()).code).toBe(1000);
    client.sendClose(1000);
    expect((await upstream.nextClose()).code).toBe(1000);
    upstream.end();
    await client.tcpEnd();
    for (let i = 0; i < 210; i++) {
      clock.advance(100);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await gateway.nextCause()).toBe('upstream-closed');
    client.destroy();
  });
});

describe('a half-closed side', () => {
  it.each(['client', 'upstream'] as const)('%s is lost, after what it sent was delivered', async (side) => {
    await start();
    const { client, upstream } = await open();
    const [from, to] = side === 'client' ? [client, upstream] : [upstream, client];
    from.send(...fragmented(OPCODE.binary, Buffer.alloc(200_000, 9), [1, 100_000]));
    from.end();
    expect((await to.nextMessage()).payload).toHaveLength(200_000);
    const code = side === 'client' ? 1001 : 1011;
    expect(await to.nextClose()).toEqual({ code, reason: `${side} connection lost` });
    to.sendClose(code);
    to.end();
    await from.tcpEnd();
    expect(await gateway.nextCause()).toBe(`${side}-lost`);
  });

  it('client during the handshake has left', async () => {
    await start('manual');
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    const upstream = await server.next();
    await upstream.readHead();
    client.end();
    await upstream.tcpEnd();
    upstream.destroy();
    await client.tcpEnd();
    expect(await gateway.nextRefusal()).toMatchObject({ status: 0 });
  });
});

interface Leaving {
  /** 0: before a request; 1: in it; 2: behind it; from 3 on: behind the 101 and what `AFTER_101` says. */
  readonly step: number;
  /** How much of its request a client of step 1 sends. */
  readonly share: number;
  /** Turns of the event loop before it leaves. */
  readonly turns: number;
  readonly how: 'reset' | 'end';
}

const AFTER_101: readonly ((client: RawConnection) => void)[] = [
  () => {},
  (client) => client.send({ opcode: OPCODE.text, payload: 'half', declaredLength: 500 }),
  (client) => client.send({ opcode: OPCODE.text, fin: false, payload: 'fragment' }),
  (client) => client.sendClose(1000),
  (client) => client.write(Buffer.of(0x81)),
];

describe('two hundred clients', () => {
  /** All at once they take a busy machine a while. */
  const deadlineMs = 30_000;

  it.each([
    [1, false],
    [20_261_122, false],
    [3, true],
  ])(
    'that leave at random steps (seed %i, TLS: %s) leave nothing behind',
    { timeout: 60_000 },
    async (seed, tls) => {
      await (tls ? startSecure() : start());
      const accepted = tls ? 'secureConnection' : 'connection';
      server.server.on(accepted, () => void answerClose(server.connections.at(-1)));
      const leavings = randomLeavings(seed, 200);
      await Promise.all(leavings.map((leaving) => leave(leaving, tls)));
      await settled(() => {
        const { connections, pendingHandshakes, opened } = gateway.stats();
        if (opened < leavings.filter(({ step }) => step >= 3).length) return `only ${opened} opened`;
        return connections + pendingHandshakes === 0 ? null : `${connections} and ${pendingHandshakes} left`;
      });
      const client = await bed.open({ port: gateway.port, path: '/?last', ...(tls ? TRUSTING : {}) });
      client.sendText('next, please');
      const upstream = server.connections.find(({ request }) => request?.startLine.includes('?last'));
      expect((await upstream?.nextMessage())?.payload.toString()).toBe('next, please');
      client.reset();
      upstream?.destroy();
      await settled(() => (gateway.stats().connections === 0 ? null : 'the last one is still open'));

      const { opened, ended: gone, refused: no } = gateway.stats();
      expect(opened).toBe(gone);
      expect(ended()).toHaveLength(gone);
      expect(refused()).toHaveLength(no);
      const ids = [...ended(), ...refused()].map(({ fields }) => fields['id']);
      expect(new Set(ids).size).toBe(ids.length);
      expect(gateway.log.lines.filter(({ level }) => level === 'error')).toEqual([]);
    },
  );

  async function startSecure(): Promise<void> {
    const { server: pair, caFile } = certificates;
    server = await bed.upstream({ tls: pair });
    const listener = { tls: true, certFile: pair.certFile, keyFile: pair.keyFile };
    gateway = await bed.gateway(forwardingConfig(server.url(), { tls: { ca: caFile } }, listener));
  }

  async function leave({ step, share, turns, how }: Leaving, tls: boolean): Promise<void> {
    const client = await bed.connect({ port: gateway.port, deadlineMs, ...(tls ? TRUSTING : {}) });
    const bytes = handshakeRequest();
    if (step > 0) client.write(step === 1 ? bytes.slice(0, Math.floor(share * bytes.length)) : bytes);
    if (step >= 3) expect((await client.readAnswer()).status).toBe(101);
    AFTER_101[step - 3]?.(client);
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    if (how === 'reset') {
      // Node 20 crashes (the client, that is) when TCP is reset below TLS with a write under way.
      if (tls) client.destroy();
      else client.reset();
      return;
    }
    client.end();
    await client.tcpEnd();
    client.destroy();
  }

  /** Answers a close as it should be (RFC 6455 §7.1.1), but for the one that a test looks at itself. */
  async function answerClose(upstream: UpstreamConnection | undefined): Promise<void> {
    try {
      const request = await upstream?.until('request', () => upstream.request);
      if (request?.startLine.includes('?last')) return;
      const close = await upstream?.nextClose();
      upstream?.sendClose(close?.code === 1005 ? undefined : close?.code);
      upstream?.end();
    } catch {
      upstream?.destroy();
    }
  }
});

function randomLeavings(seed: number, count: number): Leaving[] {
  const random = generator(seed);
  return Array.from({ length: count }, () => ({
    step: Math.floor(random() * 8),
    share: random(),
    turns: Math.floor(random() * 6),
    how: random() < 0.7 ? ('reset' as const) : ('end' as const),
  }));
}
