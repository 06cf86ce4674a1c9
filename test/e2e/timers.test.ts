import { describe, expect, it } from 'vitest';
import { OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { ManualClock } from '../support/manual-clock.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
/** What the example's configuration says. */
const HEARTBEAT = { pingInterval: '10s', pongTimeout: '30s' };

let clock: ManualClock;
let gateway: StartedGateway;

async function open(action: Readonly<Record<string, unknown>>) {
  clock = new ManualClock(1_000_000);
  const server = await bed.upstream();
  gateway = await bed.gateway(forwardingConfig(server.url(), action), { clock });
  const client = await bed.open({ port: gateway.port });
  return { client, upstream: await server.next() };
}

/** Lets time pass in steps, with a turn of the event loop after each for what it sets off. */
async function pass(ms: number, eachStep = () => {}): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    await new Promise((resolve) => setImmediate(resolve));
    eachStep();
  }
}

/** Answers every ping from now on, as an end should, and keeps the payloads. */
function answerPings(end: RawConnection): Buffer[] {
  const seen: Buffer[] = [];
  const answer = async (): Promise<void> => {
    for (;;) {
      const { payload } = await end.nextOf(OPCODE.ping);
      seen.push(payload);
      end.send({ opcode: OPCODE.pong, payload });
    }
  };
  // Ends with the connection, or with its close frame.
  answer().catch(() => undefined);
  return seen;
}

/** Both ends are let go of; with a manual clock nothing would do it later. */
function leave(client: RawConnection, upstream: RawConnection): void {
  client.destroy();
  upstream.destroy();
}

describe('heartbeats', () => {
  it('keep a connection whose ends answer, and take out their pongs', async () => {
    const { client, upstream } = await open(HEARTBEAT);
    client.deadlineMs = 60_000;
    upstream.deadlineMs = 60_000;
    const [atClient, atUpstream] = [answerPings(client), answerPings(upstream)];
    await pass(120_000);
    expect(gateway.stats().connections).toBe(1);
    for (const pings of [atClient, atUpstream]) {
      expect(pings.length).toBeGreaterThanOrEqual(9);
      expect(pings.length).toBeLessThanOrEqual(14);
    }
    expect(client.frames.every(({ opcode }) => opcode === OPCODE.ping)).toBe(true);
    expect(upstream.frames.every(({ opcode }) => opcode === OPCODE.ping)).toBe(true);
    leave(client, upstream);
    const { client: side } = await gateway.nextResult();
    expect(side.roundTrip?.count).toBeGreaterThanOrEqual(9);
  });

  it.each(['client', 'upstream'] as const)(
    'find a %s that says nothing within 30 s of a ping, and tell the other',
    async (silent) => {
      const { client, upstream } = await open(HEARTBEAT);
      const [dead, living] = silent === 'client' ? [client, upstream] : [upstream, client];
      living.deadlineMs = 60_000;
      answerPings(living);
      await pass(28_000);
      expect(gateway.stats().connections).toBe(1);
      await pass(18_000);
      const close = living.frames.find(({ opcode }) => opcode === OPCODE.close);
      expect(close?.payload.readUInt16BE()).toBe(silent === 'client' ? 1001 : 1011);
      expect(close?.payload.subarray(2).toString()).toBe(`${silent} did not answer pings`);
      await dead.tcpEnd();
      leave(client, upstream);
      await pass(25_000);
      expect(await gateway.nextResult()).toMatchObject({ cause: `${silent}-unresponsive`, side: silent });
    },
  );

  it('do not blame a client that talks without answering', async () => {
    const { client, upstream } = await open(HEARTBEAT);
    upstream.deadlineMs = 60_000;
    answerPings(upstream);
    let step = 0;
    await pass(100_000, () => {
      if (step++ % 50 === 0) client.sendText('busy');
    });
    expect(gateway.stats().connections).toBe(1);
    leave(client, upstream);
  });

  it('do not blame a client that the gateway does not read for the upstream’s sake', async () => {
    const { client, upstream } = await open(HEARTBEAT);
    const pings = answerPings(client);
    upstream.pause();
    const block = client.encode({ opcode: OPCODE.binary, payload: Buffer.alloc(64 * 1024) });
    while (client.socket.writableLength < 1024 * 1024) {
      client.write(block);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await pass(25_000);
    // The client's pongs stand behind what nobody reads. The upstream does read, if slowly: it is alive.
    expect(gateway.stats().connections).toBe(1);
    expect(pings.length).toBeGreaterThan(0);
    leave(client, upstream);
    await pass(25_000);
    expect(['client-lost', 'upstream-lost']).toContain(await gateway.nextCause());
  });

  it('leave the pings and pongs of the ends alone', async () => {
    const { client, upstream } = await open(HEARTBEAT);
    client.send({ opcode: OPCODE.ping, payload: 'mine' });
    expect((await upstream.nextFrame()).payload.toString()).toBe('mine');
    upstream.send({ opcode: OPCODE.pong, payload: 'mine' });
    expect(await client.nextFrame()).toMatchObject({ opcode: OPCODE.pong, payload: Buffer.from('mine') });
    upstream.send({ opcode: OPCODE.pong, payload: 'unsolicited' });
    expect((await client.nextFrame()).payload.toString()).toBe('unsolicited');
    leave(client, upstream);
  });

  it('are off by default', async () => {
    const { client, upstream } = await open({});
    await pass(200_000);
    expect(client.unreadBytes + upstream.unreadBytes).toBe(0);
    expect(gateway.stats().connections).toBe(1);
    leave(client, upstream);
  });
});

describe('maxInactivity', () => {
  it('ends a connection without messages, both sides with 1001', async () => {
    const { client, upstream } = await open({ maxInactivity: '60s' });
    await pass(59_000);
    expect(gateway.stats().connections).toBe(1);
    await pass(2_500);
    const told = { code: 1001, reason: 'no messages for 60s' };
    expect(await client.nextClose()).toEqual(told);
    expect(await upstream.nextClose()).toEqual(told);
    client.sendClose(1001);
    upstream.sendClose(1001);
    upstream.end();
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    expect(await gateway.nextResult()).toMatchObject({ cause: 'inactive', side: null });
  });

  it.each(['client', 'upstream'] as const)('starts again with each message of the %s', async (side) => {
    const { client, upstream } = await open({ maxInactivity: '60s' });
    const [from, to] = side === 'client' ? [client, upstream] : [upstream, client];
    for (let i = 0; i < 3; i++) {
      await pass(50_000);
      from.sendText('here');
      await to.nextMessage();
    }
    expect(gateway.stats().connections).toBe(1);
    await pass(62_500);
    expect((await client.nextClose()).code).toBe(1001);
    leave(client, upstream);
  });

  it('does not count pings and pongs, ours or theirs', async () => {
    const { client, upstream } = await open({ ...HEARTBEAT, maxInactivity: '60s' });
    client.deadlineMs = 60_000;
    upstream.deadlineMs = 60_000;
    answerPings(client);
    answerPings(upstream);
    let step = 0;
    await pass(62_500, () => {
      if (step++ % 50 === 0) client.send({ opcode: OPCODE.pong, payload: 'here' });
    });
    expect(client.frames.at(-1)).toMatchObject({ opcode: OPCODE.close });
    leave(client, upstream);
    await pass(25_000);
    expect(await gateway.nextCause()).toBe('inactive');
  });

  it('does not end a message that trickles', async () => {
    const { client, upstream } = await open({ maxInactivity: '60s' });
    client.send({ opcode: OPCODE.binary, payload: 'x', declaredLength: 10 });
    for (let i = 0; i < 4; i++) {
      await pass(50_000);
      client.write(Buffer.from('x'));
      await new Promise((resolve) => client.socket.write('', resolve));
      await pass(1_000);
    }
    expect(gateway.stats().connections).toBe(1);
    leave(client, upstream);
  });
});

describe('writeTimeout', () => {
  it.each(['client', 'upstream'] as const)(
    'resets a %s that does not read, and tells the other',
    async (slow) => {
      const { client, upstream } = await open({ writeTimeout: '20s' });
      const [reader, sender] = slow === 'client' ? [client, upstream] : [upstream, client];
      reader.pause();
      const block = sender.encode({ opcode: OPCODE.binary, payload: Buffer.alloc(64 * 1024) });
      while (sender.socket.writableLength < 1024 * 1024) {
        sender.write(block);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await pass(18_000);
      expect(gateway.stats().connections).toBe(1);
      await pass(4_000);
      expect((await sender.nextClose()).code).toBe(slow === 'client' ? 1001 : 1011);
      leave(client, upstream);
      await pass(25_000);
      expect(await gateway.nextResult()).toMatchObject({ cause: 'slow-consumer', side: slow });
    },
  );
});
