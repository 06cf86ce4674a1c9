import { describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import type { HandshakeScript, RawUpstream } from '../support/raw-upstream.ts';
import { settled } from '../support/resources.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem } from './problem.ts';

const bed = useTestBed();
let gateway: StartedGateway;
let upstreams: RawUpstream[];

/** A gateway before as many upstreams as there are scripts. */
async function start(
  handshakes: readonly HandshakeScript[],
  action: Readonly<Record<string, unknown>> = {},
  overrides: Parameters<typeof bed.gateway>[1] = {},
): Promise<void> {
  upstreams = [];
  for (const handshake of handshakes) upstreams.push(await bed.upstream({ handshake }));
  const urls = upstreams.map((upstream) => upstream.url());
  gateway = await bed.gateway(forwardingConfig(urls, action), overrides);
}

const open = (): Promise<RawConnection> => bed.open({ port: gateway.port });
const request = (options = {}) => bed.request({ port: gateway.port, ...options });

/** How many connections each upstream has got so far. */
const taken = (): number[] => upstreams.map(({ connections }) => connections.length);

const states = (): string[] =>
  gateway.gateway.upstreams().flatMap(({ endpoints }) => endpoints.map(({ state }) => state));

const counted = (): number[] =>
  gateway.gateway.upstreams().flatMap(({ endpoints }) => endpoints.map(({ connections }) => connections));

describe('three upstreams behind one route', () => {
  it('each get their share', async () => {
    await start([{}, {}, {}]);
    for (let i = 0; i < 9; i++) await open();
    expect(taken()).toEqual([3, 3, 3]);
    expect(counted()).toEqual([3, 3, 3]);
  });

  it('are each as good as the other two while one is gone', async () => {
    await start([{}, {}, {}]);
    const [gone] = upstreams;
    await gone?.close();
    for (let i = 0; i < 12; i++) await open();
    expect(states()).toEqual(['ejected', 'up', 'up']);
    const [none, ...others] = counted();
    expect(none).toBe(0);
    for (const count of others) expect(count).toBeGreaterThanOrEqual(4);
  });

  it('lose only the connections of the one that is killed, whose clients come back elsewhere', async () => {
    await start([{}, {}], { closeTimeout: '50ms' });
    const clients = [await open(), await open(), await open(), await open()];
    const [killed] = upstreams;
    await killed?.close();
    expect([await gateway.nextCause(), await gateway.nextCause()]).toEqual([
      'upstream-lost',
      'upstream-lost',
    ]);
    await settled(() => (gateway.stats().connections === 2 ? null : 'still ending'));
    for (let i = 0; i < 4; i++) clients.push(await open());
    expect(counted()).toEqual([0, 6]);
  });

  it('are asked at their own paths, over ws:// and wss:// alike', async () => {
    const plain = await bed.upstream();
    const secure = await bed.upstream({ tls: certificates.server });
    const endpoints = [plain.url('/plain/:room'), secure.url('/secure/:room?v=2')];
    const tls = { ca: certificates.ca };
    gateway = await bed.gateway(forwardingConfig(endpoints, { tls }, {}, '/rooms/:room'));
    for (let i = 0; i < 2; i++) await bed.open({ port: gateway.port, path: '/rooms/a%20b?t=1' });
    expect((await plain.next()).request?.startLine).toBe('GET /plain/a%20b?t=1 HTTP/1.1');
    expect((await secure.next()).request?.startLine).toBe('GET /secure/a%20b?v=2&t=1 HTTP/1.1');
  });
});

describe('an upstream that does not take a client', () => {
  it.each<[string, HandshakeScript]>([
    ['answers 503', { status: 503, body: 'not now' }],
    ['resets before any byte of its answer', { resetAt: 'request' }],
    ['resets at once', { resetAt: 'connection' }],
  ])('is replaced by another when it %s', async (_, handshake) => {
    await start([handshake, {}]);
    for (let i = 0; i < 2; i++) {
      const client = await open();
      client.sendText(`hello ${i}`);
      const [, healthy] = upstreams;
      expect((await (await healthy?.next())?.nextMessage())?.payload.toString()).toBe(`hello ${i}`);
    }
    expect(taken()).toEqual([1, 2]);
    expect(counted()).toEqual([0, 2]);
  });

  it.each([401, 403, 404, 429, 500])('is believed when it answers %i', async (status) => {
    await start([
      { status, body: 'no' },
      { status, body: 'no' },
    ]);
    const { answer } = await request();
    expect([answer.status, answer.body.toString()]).toEqual([status, 'no']);
    expect(taken().sort()).toEqual([0, 1]);
    await settled(() => (counted().some((count) => count > 0) ? 'still counted' : null));
  });

  it('is the one whose answer is passed on when all others have failed as well', async () => {
    await start([
      { status: 503, body: 'full' },
      { status: 503, body: 'full' },
    ]);
    const { answer } = await request();
    expect([answer.status, answer.body.toString()]).toEqual([503, 'full']);
    expect(taken()).toEqual([1, 1]);
    await settled(() => (counted().some((count) => count > 0) ? 'still counted' : null));
  });

  it('never sees what a client sent early; the one that takes it does', async () => {
    await start([{ resetAt: 'request' }, {}]);
    const [failing, healthy] = upstreams;
    for (let i = 0; i < 2; i++) {
      const client = await bed.connect({ port: gateway.port });
      const early = client.encode({ opcode: OPCODE.text, payload: `early ${i}` });
      client.write(Buffer.concat([Buffer.from(handshakeRequest()), early]));
      await client.readAnswer();
      expect((await (await healthy?.next())?.nextMessage())?.payload.toString()).toBe(`early ${i}`);
    }
    expect(failing?.connections.length).toBe(1);
  });

  it('does not make a client wait longer than handshakeTimeout in all', async () => {
    const clock = new ManualClock();
    const never = new Promise(() => {});
    await start([{ after: never }, { after: never }], { handshakeTimeout: '6s' }, { clock });
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    await settled(() =>
      upstreams.some(({ connections }) => connections[0]?.request) ? null : 'not asked yet',
    );
    clock.advance(6_000);
    expectProblem(await client.readAnswer(), 504);
  });
});

describe('maxConnections', () => {
  it('of every endpoint together are all there is: then 503, with when to come back', async () => {
    upstreams = [await bed.upstream(), await bed.upstream()];
    const endpoints = upstreams.map((upstream) => ({ url: upstream.url(), maxConnections: 1 }));
    gateway = await bed.gateway(forwardingConfig(endpoints, { closeTimeout: '50ms' }));
    const [first] = [await open(), await open()];
    const { answer } = await request();
    expectProblem(answer, 503);
    expect(headersOf(answer, 'retry-after')).toEqual(['1']);
    expect((await gateway.nextRefusal()).reason).toContain('no endpoint');

    first.reset();
    await gateway.nextResult();
    await open();
    expect(counted()).toEqual([1, 1]);
  });

  it('of the action hold over all endpoints', async () => {
    await start([{}, {}], { maxConnections: 3 });
    for (let i = 0; i < 3; i++) await open();
    expectProblem((await request()).answer, 503);
  });

  it('count a handshake that fails or whose client leaves no longer than it lasts', async () => {
    await start([{ resetAt: 'request' }], { maxConnections: 1 });
    for (let i = 0; i < 3; i++) expectProblem((await request()).answer, 502);
    const [only] = upstreams;
    if (only !== undefined) only.handshake = 'manual';
    for (let i = 0; i < 3; i++) {
      const client = await bed.connect({ port: gateway.port });
      client.write(handshakeRequest());
      await settled(() => (counted()[0] === 1 ? null : 'not selected'));
      client.reset();
      await settled(() => (counted()[0] === 0 ? null : 'still counted'));
    }
  });
});

describe('a balancer that hashes', () => {
  it('keeps the clients of a cookie together, and moves only those of an upstream that is gone', async () => {
    await start([{}, {}, {}], { balancer: { hash: 'cookie:session' } });
    const users = Array.from({ length: 12 }, (_, i) => `user-${i}`);
    const place = async (user: string): Promise<number> => {
      const before = taken();
      await bed.open({ port: gateway.port, headers: [['Cookie', `session=${user}`]] });
      return taken().findIndex((count, i) => count > (before[i] ?? 0));
    };
    const first: number[] = [];
    for (const user of users) first.push(await place(user));
    expect(new Set(first).size).toBeGreaterThan(1);
    const leaving = first[0] ?? 0;
    await upstreams[leaving]?.close();
    for (const [i, user] of users.entries()) {
      const now = await place(user);
      if (first[i] === leaving) expect(now).not.toBe(leaving);
      else expect(now).toBe(first[i]);
    }
  });
});

describe('an endpoint that fails', () => {
  it('is ejected, and is back after its time', async () => {
    const clock = new ManualClock();
    await start([{ status: 503 }, {}], { passiveHealth: { failures: 2, ejectFor: '10s' } }, { clock });
    const clients: RawConnection[] = [];
    for (let i = 0; i < 4; i++) clients.push(await open());
    expect(states()).toEqual(['ejected', 'up']);
    const [failing] = upstreams;
    const asked = failing?.connections.length;
    for (let i = 0; i < 4; i++) clients.push(await open());
    expect(failing?.connections.length).toBe(asked);

    if (failing !== undefined) failing.handshake = {};
    clock.advance(10_000);
    for (let i = 0; i < 4; i++) clients.push(await open());
    expect(states()).toEqual(['up', 'up']);
    expect(failing?.connections.length).toBeGreaterThan(asked ?? 0);
    const said = gateway.log.lines.filter(({ fields }) => 'endpoint' in fields && 'failures' in fields);
    expect(said.map(({ message }) => message)).toEqual(['the endpoint is ejected: its handshakes failed']);
    expect(gateway.log.lines.map(({ message }) => message)).toContain('the endpoint answers again');
    for (const client of clients) client.destroy();
    for (const upstream of upstreams) for (const connection of upstream.connections) connection.destroy();
  });

  it('stays ejected over a reload that leaves its action as it is', async () => {
    await start([{ status: 503 }, {}], { passiveHealth: { failures: 1 } });
    for (let i = 0; i < 2; i++) await open();
    expect(states()).toEqual(['ejected', 'up']);
    const urls = upstreams.map((upstream) => upstream.url());
    const config = forwardingConfig(urls, { passiveHealth: { failures: 1 } }, { address: '127.0.0.1:0' });
    await gateway.gateway.reload(config);
    expect(states()).toEqual(['ejected', 'up']);
    expect(counted()).toEqual([0, 2]);
  });
});

describe('health checks', () => {
  it('take an upstream out that fails them, before any client notices, and end with the gateway', async () => {
    await start([{ status: 503 }, {}], { healthCheck: { type: 'websocket' } });
    await settled(() => (states()[0] === 'unhealthy' ? null : 'not found out yet'));
    const [failing] = upstreams;
    const checked = failing?.connections.length;
    for (let i = 0; i < 3; i++) await open();
    expect(failing?.connections.length).toBe(checked);
    expect(counted()).toEqual([0, 3]);
  });

  it('bring it back when it answers again', async () => {
    const clock = new ManualClock();
    await start(
      [{ status: 503 }, { status: 503 }],
      { healthCheck: { type: 'http', interval: '1s', timeout: '1h' } },
      { clock },
    );
    await settled(() => (states()[0] === 'unhealthy' ? null : 'not found out yet'));
    for (const upstream of upstreams) upstream.handshake = { status: 200 };
    await settled(() => {
      clock.advance(500);
      return states().every((state) => state === 'up') ? null : 'not back yet';
    });
  });
});
