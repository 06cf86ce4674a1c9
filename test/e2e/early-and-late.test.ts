import { describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { acceptValue, type HandshakeOptions, handshakeRequest } from '../support/raw-client.ts';
import type { HandshakeScript, RawUpstream, UpstreamConnection } from '../support/raw-upstream.ts';
import { settled } from '../support/resources.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem } from './problem.ts';

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

describe('what a client sends early', () => {
  it('goes upstream only after the 101, and in order', async () => {
    await start('manual');
    const client = await bed.connect({ port: gateway.port });
    const early = client.encode({ opcode: OPCODE.text, payload: 'first' });
    client.write(Buffer.concat([Buffer.from(handshakeRequest()), early]));
    const taken = await upstream.next();
    const head = await taken.readHead();
    client.sendText('second');
    await new Promise((resolve) => client.socket.write('', resolve));
    expect(taken.unreadBytes).toBe(0);
    accept101(taken, head);
    await client.readAnswer();
    client.sendText('third');
    for (const text of ['first', 'second', 'third'])
      expect((await taken.nextMessage()).payload.toString()).toBe(text);
  });

  it('is delivered whole when it is more than 64 KiB, the rest after reading stopped', async () => {
    await start('manual');
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    const taken = await upstream.next();
    const head = await taken.readHead();
    const payload = Buffer.alloc(16 * 1024 * 1024, 'e');
    client.send({ opcode: OPCODE.binary, payload });
    // The kernel's buffers fill up: the client is made to wait.
    let last = -1;
    await settled(() => {
      const now = client.socket.bytesWritten - client.socket.writableLength;
      const same = now === last;
      last = now;
      return same ? null : 'still taking';
    });
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(taken.unreadBytes).toBe(0);
    accept101(taken, head);
    expect((await client.readAnswer()).status).toBe(101);
    const message = await taken.nextMessage();
    expect(message.payload.equals(payload)).toBe(true);
  });

  it('is discarded with any other answer, and never parsed as HTTP', async () => {
    await start({ status: 403, body: 'no' });
    const smuggled = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(3_000);
    const { answer, connection } = await request({ early: Buffer.from(smuggled) });
    expect(answer).toMatchObject({ status: 403, body: Buffer.from('no') });
    expect(await connection.readToEnd()).toHaveLength(0);
    expect(upstream.connections[0]?.unreadBytes).toBe(0);
  });

  it('breaking the protocol fails the connection after the 101', async () => {
    await start();
    const client = await bed.open({ port: gateway.port, early: Buffer.from([0x81, 0x01, 0x61]) });
    expect((await client.nextClose()).code).toBe(1002);
    const taken = await upstream.next();
    expect(await taken.nextClose()).toEqual({ code: 1001, reason: 'client broke the protocol' });
    client.destroy();
    taken.destroy();
    expect(await gateway.nextCause()).toBe('client-protocol-error');
  });
});

describe('an upstream that is silent', () => {
  it('during its TLS handshake is a 504 after connectTimeout', async () => {
    const clock = new ManualClock();
    upstream = await bed.upstream({ handshake: 'manual' });
    const url = `wss://127.0.0.1:${upstream.port}/`;
    const action = { connectTimeout: '2s', handshakeTimeout: '10s', tls: { ca: certificates.caFile } };
    gateway = await bed.gateway(forwardingConfig(url, action), { clock });
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    const taken = await upstream.next();
    await taken.readBytes(1);
    clock.advance(1_900);
    expect(gateway.stats().pendingHandshakes).toBe(1);
    clock.advance(200);
    expectProblem(await client.readAnswer(), 504);
    await taken.tcpEnd();
    client.end();
  });

  it('in the middle of its head is a 504 after handshakeTimeout', async () => {
    const clock = new ManualClock();
    await start('manual', { handshakeTimeout: '3s' }, { clock });
    const { client, taken } = await half();
    taken.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: web');
    clock.advance(2_900);
    expect(gateway.stats().pendingHandshakes).toBe(1);
    clock.advance(200);
    expectProblem(await client.readAnswer(), 504);
    client.end();
    await taken.tcpEnd();
  });

  it('but for interim answers is a 504 after handshakeTimeout', async () => {
    const clock = new ManualClock();
    await start('manual', { handshakeTimeout: '3s' }, { clock });
    const { client, taken } = await half();
    for (let i = 0; i < 3; i++) {
      taken.write('HTTP/1.1 103 Early Hints\r\n\r\n');
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1_050);
    }
    expectProblem(await client.readAnswer(), 504);
    client.end();
    await taken.tcpEnd();
  });

  it('after its 101 has no handshake timeout left on it', async () => {
    const clock = new ManualClock();
    await start({}, {}, { clock });
    const client = await bed.open({ port: gateway.port });
    const taken = await upstream.next();
    for (let i = 0; i < 100; i++) clock.advance(1_000);
    client.sendText('still there?');
    expect((await taken.nextMessage()).payload.toString()).toBe('still there?');
    client.destroy();
    taken.destroy();
    for (let i = 0; i < 100; i++) clock.advance(1_000);
    await gateway.nextResult();
  });
});
