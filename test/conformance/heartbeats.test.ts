import { describe, expect, it } from 'vitest';
import { OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { useTestBed } from '../support/test-bed.ts';

/** A forwarded connection with the example's settings, on a clock that the test moves. */
interface Ends {
  readonly clock: ManualClock;
  readonly gateway: StartedGateway;
  readonly client: RawConnection;
  readonly upstream: RawConnection;
}

const bed = useTestBed();
const STEP_MS = 100;
const HEARTBEAT = { pingInterval: '10s', pongTimeout: '30s' };

describe('heartbeats of 10 s and 30 s', () => {
  it('let ends live that answer, and keep their pongs to themselves', async () => {
    const ends = await open(HEARTBEAT);
    const seen = [live(ends.client), live(ends.upstream)];
    await pass(ends.clock, 300_000);
    expect(ends.gateway.stats()).toMatchObject({ connections: 1 });
    const [connection] = ends.gateway.events.opens;
    expect(connection?.stats().client.roundTrip?.count).toBeGreaterThanOrEqual(29);
    expect(connection?.stats().upstream.roundTrip?.count).toBeGreaterThanOrEqual(29);
    ends.client.destroy();
    ends.upstream.destroy();
    for (const opcodes of await Promise.all(seen)) {
      expect(opcodes.filter((opcode) => opcode === OPCODE.ping).length).toBeGreaterThanOrEqual(29);
      expect(opcodes).not.toContain(OPCODE.pong);
    }
  });

  it('find a client that stopped after 30 s, reset it and tell the upstream', async () => {
    const { clock, gateway, client, upstream } = await open(HEARTBEAT);
    const living = live(upstream);
    const silentSinceMs = await firstPing(clock, client);
    await pass(clock, silentSinceMs + 29_000 - clock.now());
    expect(gateway.stats().connections).toBe(1);
    await pass(clock, 2_000);
    expect(await client.tcpEnd()).toBe('reset');
    expect((await living).at(-1)).toBe(OPCODE.close);
    expect(upstream.frames.at(-1)?.payload.toString('utf8', 2)).toBe('client did not answer pings');
    upstream.end();
    expect(await gateway.nextResult()).toMatchObject({ cause: 'client-unresponsive', side: 'client' });
  });

  it('find an upstream that stopped, reset it and tell the client', async () => {
    const { clock, gateway, client, upstream } = await open(HEARTBEAT);
    const living = live(client);
    await pass(clock, 41_000);
    expect(await upstream.tcpEnd()).toBe('reset');
    expect((await living).at(-1)).toBe(OPCODE.close);
    expect(client.frames.at(-1)?.payload.toString('utf8', 2)).toBe('upstream did not answer pings');
    await client.tcpEnd();
    client.end();
    expect(await gateway.nextResult()).toMatchObject({ cause: 'upstream-unresponsive', side: 'upstream' });
  });

  it('take a message for a sign of life, even from a client that answers no ping', async () => {
    const { clock, gateway, client, upstream } = await open(HEARTBEAT);
    const living = live(upstream);
    for (let i = 0; i < 10; i++) {
      await pass(clock, 20_000);
      client.sendText('busy');
    }
    await pass(clock, 1_000);
    expect(gateway.stats().connections).toBe(1);
    client.destroy();
    expect((await living).filter((opcode) => opcode === OPCODE.text)).toHaveLength(10);
    upstream.destroy();
  });

  it('blame nobody for what the other side does not read', async () => {
    const { clock, gateway, client, upstream } = await open(HEARTBEAT);
    upstream.pause();
    const payload = Buffer.alloc(32 * 1024 * 1024, 1);
    client.send({ opcode: OPCODE.binary, payload });
    await pass(clock, 120_000);
    expect(client.socket.writableLength, 'bytes that wait at the client').toBeGreaterThan(0);
    expect(gateway.stats().connections).toBe(1);
    upstream.resume();
    expect((await upstream.nextMessage()).payload).toHaveLength(payload.length);
    upstream.destroy();
  });

  it("leave the ends' own pings and pongs alone", async () => {
    const { client, upstream } = await open(HEARTBEAT);
    client.send(
      { opcode: OPCODE.ping, payload: 'from the client' },
      { opcode: OPCODE.pong, payload: 'unasked' },
    );
    expect((await upstream.nextOf(OPCODE.ping)).payload.toString()).toBe('from the client');
    expect((await upstream.nextOf(OPCODE.pong)).payload.toString()).toBe('unasked');
    upstream.send({ opcode: OPCODE.pong, payload: 'from the client' }, { opcode: OPCODE.ping });
    expect((await client.nextOf(OPCODE.pong)).payload.toString()).toBe('from the client');
    expect((await client.nextOf(OPCODE.ping)).payload).toHaveLength(0);
  });
});

describe('maxInactivity of 60 s', () => {
  it('closes both sides with 1001, however often they are pinged', async () => {
    const { clock, gateway, client, upstream } = await open({ ...HEARTBEAT, maxInactivity: '60s' });
    const living = [live(client), live(upstream)];
    await pass(clock, 50_000);
    client.sendText('one message');
    await pass(clock, 59_000);
    expect(gateway.stats().connections).toBe(1);
    await pass(clock, 2_000);
    await Promise.all(living);
    for (const end of [client, upstream]) {
      const close = end.frames.at(-1);
      expect(close?.payload.readUInt16BE()).toBe(1001);
      expect(close?.payload.toString('utf8', 2)).toBe('no messages for 60s');
      end.end();
    }
    expect(await gateway.nextResult()).toMatchObject({ cause: 'inactive', side: null });
  });
});

async function open(action: Record<string, unknown>): Promise<Ends> {
  const clock = new ManualClock();
  const server = await bed.upstream();
  const gateway = await bed.gateway(forwardingConfig(server.url(), action), { clock });
  const client = await bed.open({ port: gateway.port });
  return { clock, gateway, client, upstream: await server.next() };
}

/** Lets time pass in small steps, with turns of the event loop between them, in which sockets are read and written. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    clock.advance(STEP_MS);
    for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Answers pings and the close, until the connection ends. Resolves with the opcodes that came. */
async function live(end: RawConnection): Promise<number[]> {
  const opcodes: number[] = [];
  for (;;) {
    const frame = await end.nextFrame().catch(() => null);
    if (frame === null) return opcodes;
    opcodes.push(frame.opcode);
    if (frame.opcode === OPCODE.ping) end.send({ opcode: OPCODE.pong, payload: frame.payload });
    if (frame.opcode !== OPCODE.close) continue;
    end.sendClose(frame.payload.length === 0 ? undefined : frame.payload.readUInt16BE());
    return opcodes;
  }
}

/** Lets time pass until the end is pinged; when that was. */
async function firstPing(clock: ManualClock, end: RawConnection): Promise<number> {
  let at: number | null = null;
  const pinged = end.nextOf(OPCODE.ping).then(() => {
    at = clock.now();
  });
  while (at === null) await pass(clock, STEP_MS);
  await pinged;
  return at;
}
