import { describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { type DnsServer, type DnsZone, startDnsServer } from '../support/dns-server.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headerOf } from '../support/http-head.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { settled } from '../support/resources.ts';
import { useTestBed } from '../support/test-bed.ts';
import { expectProblem } from './problem.ts';

const bed = useTestBed();
const SERVICE = '_ws._tcp.chat.test';

let dns: DnsServer;
let clock: ManualClock;
let gateway: StartedGateway;

async function startDns(zone: DnsZone): Promise<void> {
  dns = await startDnsServer(zone);
  const server = dns;
  bed.after(() => server.close());
}

async function start(url: string, resolve: object = {}, action: object = {}): Promise<void> {
  clock = new ManualClock();
  const options = { resolve: { servers: [dns.address], ...resolve }, ...action };
  gateway = await bed.gateway(forwardingConfig(url, options), { clock });
}

/** The zone in which the service is at these upstreams. */
const serviceAt = (...upstreams: readonly RawUpstream[]): DnsZone => ({
  [SERVICE]: { SRV: upstreams.map(({ port }, i) => ({ target: `${i}.chat.test`, port })) },
  ...Object.fromEntries(upstreams.map((_, i) => [`${i}.chat.test`, { A: ['127.0.0.1'] }])),
});

const open = (headers: [string, string][] = []) => bed.open({ port: gateway.port, headers });

const endpoints = () => gateway.gateway.upstreams().flatMap((upstream) => upstream.endpoints);

const known = (count: number) =>
  settled(() => (endpoints().length === count ? null : `${endpoints().length} endpoints are known`));

/** Moves on to the next look-up, and waits until it has been made. */
async function lookAgain(): Promise<void> {
  const asked = dns.asked.length;
  clock.advance(30_000);
  await settled(() => (dns.asked.length > asked ? null : 'not asked'));
}

/** With a manual clock nobody would end them later. */
function leave(...upstreams: readonly RawUpstream[]): void {
  for (const { connections } of upstreams) for (const connection of connections) connection.destroy();
}

describe('a name with several addresses', () => {
  it('is an upstream for each of them, and Host stays the name', async () => {
    const first = await bed.upstream();
    const second = await bed.upstream({ host: '127.0.0.2', port: first.port });
    await startDns({ 'chat.test': { A: ['127.0.0.1', '127.0.0.2'] } });
    await start(`ws://chat.test:${first.port}/ws`, {}, { preserveHost: false });
    const clients = [await open(), await open(), await open(), await open()];
    expect([first.connections.length, second.connections.length]).toEqual([2, 2]);
    const { request } = await second.next();
    expect(request && headerOf(request, 'host')).toBe(`chat.test:${first.port}`);
    expect((await gateway.nextOpened()).endpoint).toMatch(/^ws:\/\/chat\.test:\d+\/ws at 127\.0\.0\.[12]$/);
    for (const client of clients) client.destroy();
    leave(first, second);
  });

  it('keeps its name for TLS', async () => {
    const upstream = await bed.upstream({ tls: certificates.named, host: '127.0.0.1' });
    await startDns({ 'upstream.example.test': { A: ['127.0.0.1'] } });
    await start(`wss://upstream.example.test:${upstream.port}/`, {}, { tls: { ca: certificates.ca } });
    const client = await open();
    client.destroy();
    leave(upstream);
  });
});

describe('a service', () => {
  it('is drained where it vanishes, and new places take their share', async () => {
    const [first, second, third] = [await bed.upstream(), await bed.upstream(), await bed.upstream()];
    await startDns(serviceAt(first, second));
    await start('ws://chat.test/ws', { srv: SERVICE });
    await known(2);
    const clients = [await open(), await open()];
    const vanishing = await first.next();

    dns.zone = serviceAt(second, third);
    await lookAgain();
    expect(await vanishing.nextClose()).toEqual({ code: 1001, reason: 'service restart' });
    const closed = await Promise.race(clients.map(async (client) => client.nextClose()));
    expect(closed).toEqual({ code: 1012, reason: 'service restart' });
    expect(endpoints().map(({ state }) => state)).toEqual(['up', 'up', 'leaving']);

    clients.push(await open(), await open());
    expect(third.connections.length).toBeGreaterThanOrEqual(1);
    expect(first.connections.length).toBe(1);
    for (const client of clients) client.destroy();
    leave(first, second, third);
    await known(2);
    await settled(() => (gateway.stats().connections === 0 ? null : 'still ending'));
    expect(
      gateway.events.results.map(({ cause }) => cause).filter((cause) => cause === 'draining'),
    ).toHaveLength(1);
  });

  it('uses a higher priority only while no lower one can be reached', async () => {
    const [main, spare] = [await bed.upstream(), await bed.upstream()];
    const zone = serviceAt(main, spare);
    const [first, second] = zone[SERVICE]?.SRV ?? [];
    if (first === undefined || second === undefined) throw new Error('no service');
    await startDns({
      ...zone,
      [SERVICE]: {
        SRV: [
          { ...first, priority: 1 },
          { ...second, priority: 2 },
        ],
      },
    });
    await start('ws://chat.test/ws', { srv: SERVICE });
    const clients = [await open(), await open(), await open()];
    expect([main.connections.length, spare.connections.length]).toEqual([3, 0]);
    main.handshake = { status: 503 };
    clients.push(await open());
    expect(spare.connections.length).toBe(1);
    for (const client of clients) client.destroy();
    leave(main, spare);
  });

  it.each<[string, () => void]>([
    [
      'is said not to exist',
      () => {
        dns.zone = {};
      },
    ],
    [
      'is said to be nowhere',
      () => {
        dns.zone = { [SERVICE]: {} };
      },
    ],
    [
      'cannot be looked up',
      () => {
        dns.trouble = { kind: 'fails' };
      },
    ],
  ])('stays where it was when it %s, with all its connections', async (_, change) => {
    const upstream = await bed.upstream();
    await startDns(serviceAt(upstream));
    await start('ws://chat.test/ws', { srv: SERVICE });
    const client = await open();
    change();
    await lookAgain();
    await gateway.log.line(({ message }) => message.includes('last known addresses stay'));
    const other = await open();
    other.sendText('still there');
    expect(gateway.stats().connections).toBe(2);
    client.destroy();
    other.destroy();
    leave(upstream);
  });
});

describe('a name of which nothing is known', () => {
  it('makes the first clients wait for the first answer', async () => {
    const upstream = await bed.upstream();
    await startDns(serviceAt(upstream));
    await start('ws://chat.test/ws', { srv: SERVICE });
    const client = await open();
    client.destroy();
    leave(upstream);
  });

  it('is 503 for them, with when to come back, until it is known', async () => {
    const upstream = await bed.upstream();
    await startDns({});
    await start('ws://chat.test/ws', { srv: SERVICE });
    expectProblem((await bed.request({ port: gateway.port })).answer, 503);
    dns.zone = serviceAt(upstream);
    clock.advance(1_000);
    await known(1);
    const client = await open();
    client.destroy();
    leave(upstream);
  });

  it('does not make anybody wait longer than handshakeTimeout', async () => {
    await startDns({});
    dns.trouble = { kind: 'silent' };
    await start('ws://chat.test/ws', { srv: SERVICE }, { handshakeTimeout: '3s' });
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    await settled(() => (gateway.stats().pendingHandshakes === 1 ? null : 'not there yet'));
    clock.advance(3_000);
    expectProblem(await client.readAnswer(), 503);
  });
});
