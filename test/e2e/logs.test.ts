import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type HandshakeOptions, handshakeRequest } from '../support/raw-client.ts';
import type { HandshakeScript, RawUpstream } from '../support/raw-upstream.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
const SECRET = 'hunter2';

let gateway: StartedGateway;
let upstream: RawUpstream;

async function start(handshake: HandshakeScript | 'manual' = {}, action = {}, overrides = {}): Promise<void> {
  upstream = await bed.upstream({ handshake });
  const config = forwardingConfig(upstream.url(`/inner?key=${SECRET}`), action, {}, '/rooms/:id/*');
  gateway = await bed.gateway(config, overrides);
}

/** A handshake that is full of what nobody is to read in a log. */
const secretive = (options: HandshakeOptions = {}): HandshakeOptions => ({
  path: `/rooms/${SECRET}/${SECRET}?token=${SECRET}`,
  ...options,
  headers: [
    ['Authorization', `Bearer ${SECRET}`],
    ['Cookie', `session=${SECRET}`],
    ['Origin', `https://${SECRET}.test`],
    ['User-Agent', SECRET],
    ['X-Api-Key', SECRET],
    ['X-Forwarded-For', SECRET],
    ...(options.headers ?? []),
  ],
});

async function open(options: HandshakeOptions = {}) {
  const client = await bed.open({ port: gateway.port, ...secretive(options) });
  return { client, upstream: await upstream.next() };
}

const linesOf = (message: string) => gateway.log.lines.filter((line) => line.message === message);
const closedLines = () => linesOf('connection closed');
const refusedLines = () => gateway.log.lines.filter(({ message }) => /handshake/.test(message));

/** Everything that was logged, at any level, errors and their causes included. */
const wholeLog = () => inspect(gateway.log.lines, { depth: 20, maxStringLength: null, maxArrayLength: null });

describe('the line of a closed connection', () => {
  it('says who, where, how long, how much and why', async () => {
    const clock = new ManualClock(1_000_000);
    await start({}, { pingInterval: '10s', pongTimeout: '30s' }, { clock });
    const { client, upstream: taken } = await open({ headers: [['X-Request-Id', 'the-id']] });
    client.sendText('12345');
    await taken.nextMessage();
    taken.send({ opcode: OPCODE.binary, payload: Buffer.alloc(1_000) });
    taken.send({ opcode: OPCODE.binary, payload: Buffer.alloc(500) });
    await client.nextMessage();
    await client.nextMessage();
    for (let i = 0; i < 110; i++) clock.advance(100);
    const ping = await client.nextOf(OPCODE.ping);
    clock.advance(40);
    client.send({ opcode: OPCODE.pong, payload: ping.payload });
    client.sendText('!');
    await taken.nextMessage();
    client.sendClose(1000, SECRET);
    await taken.nextClose();
    taken.sendClose(1001);
    await client.nextClose();
    taken.end();
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    await taken.tcpEnd();
    await gateway.nextResult();

    expect(closedLines()).toHaveLength(1);
    const { level, fields } = closedLines()[0] ?? {};
    expect(level).toBe('info');
    expect(fields).toMatchObject({
      id: 'the-id',
      route: '/rooms/:id/*',
      clientAddress: '127.0.0.1',
      upstreamEndpoint: upstream.url('/inner'),
      cause: 'client-closed',
      side: 'client',
      durationMs: 11_040,
      client: { messages: 2, bytes: 6, closeReceived: 1000, closeSent: 1001 },
      upstream: { messages: 2, bytes: 1_500, closeReceived: 1001, closeSent: 1000 },
    });
    expect(fields?.['client']).toHaveProperty('roundTripMs');
    expect(wholeLog()).not.toContain(SECRET);
  });

  it.each<[string, (client: Awaited<ReturnType<typeof open>>) => void]>([
    ['client-lost', ({ client }) => client.reset()],
    ['upstream-lost', ({ upstream: taken }) => taken.reset()],
    ['upstream-closed', ({ upstream: taken }) => taken.sendClose(4000, SECRET)],
    ['client-protocol-error', ({ client }) => client.send({ opcode: 3, payload: SECRET })],
    [
      'upstream-protocol-error',
      ({ upstream: taken }) => taken.send({ opcode: 1, rsv2: true, payload: SECRET }),
    ],
    ['message-too-big', ({ client }) => client.sendText(SECRET.repeat(200))],
  ])('of %s is one, and has no secret', async (cause, act) => {
    await start({}, { maxMessageSize: '1KiB' });
    const pair = await open();
    act(pair);
    const { client, upstream: taken } = pair;
    for (const each of [client, taken]) {
      if (cause !== `${each.role}-lost` && cause !== `${each.role}-closed`) await each.nextClose();
    }
    client.destroy();
    taken.destroy();
    expect(await gateway.nextCause()).toBe(cause);
    expect(closedLines()).toHaveLength(1);
    expect(closedLines()[0]?.fields).toMatchObject({ cause });
    expect(refusedLines()).toHaveLength(0);
    expect(wholeLog()).not.toContain(SECRET);
  });
});

describe('a subprotocol', () => {
  const logged = async (subprotocol: string): Promise<string> => {
    await start({ headers: [['Sec-WebSocket-Protocol', subprotocol]] });
    const { client, upstream: taken } = await open({ subprotocols: [subprotocol, 'other'] });
    client.reset();
    await taken.nextClose();
    taken.destroy();
    await gateway.nextResult();
    return wholeLog();
  };

  it.each(['chat', 'graphql-transport-ws', 'mqtt', 'v1.json'])('%s is logged', async (subprotocol) => {
    expect(await logged(subprotocol)).toContain(subprotocol);
  });

  it.each([
    ['bearer', `bearer.${SECRET}`],
    ['Bearer in capitals', `BEARER-${SECRET}`],
    ['bearer alone', 'bearer'],
    ['more than 32 characters', `${SECRET}${'x'.repeat(26)}`],
    ['a JWT', `eyJhbGciOiJIUzI1NiJ9.${SECRET}.c2lnbmF0dXJl`],
  ])('that may be a credential (%s) is not', async (_, subprotocol) => {
    const log = await logged(subprotocol);
    expect(log).not.toContain(subprotocol);
    expect(log).not.toContain(SECRET);
  });
});

describe('the line of a refused handshake', () => {
  it.each<[number, string, HandshakeOptions, HandshakeScript]>([
    [400, 'a bad key', { headers: [['Sec-WebSocket-Key', SECRET]] }, {}],
    [400, 'a bad subprotocol', { headers: [['Sec-WebSocket-Protocol', `${SECRET} ${SECRET}`]] }, {}],
    [400, 'a bad Host', { headers: [['Host', `${SECRET}@${SECRET}`]] }, {}],
    [400, 'a nomination', { headers: [['Connection', 'Upgrade, Cookie']] }, {}],
    [400, 'a dot segment', { path: `/rooms/1/${SECRET}/..` }, {}],
    [404, 'no route', { path: `/${SECRET}` }, {}],
    [405, 'a method', { method: 'DELETE' }, {}],
    [426, 'a version', { headers: [['Sec-WebSocket-Version', '8']] }, {}],
    [403, 'the upstream', {}, { status: 403, body: SECRET, headers: [['X-Secret', SECRET]] }],
    [502, 'a wrong accept', {}, { accept: SECRET }],
    [502, 'a wrong subprotocol', {}, { headers: [['Sec-WebSocket-Protocol', SECRET]] }],
    [502, 'a wrong extension', {}, { headers: [['Sec-WebSocket-Extensions', SECRET]] }],
    [502, 'rubbish', {}, { raw: `${SECRET} ${SECRET}\r\n\r\n` }],
    [502, 'a broken header', {}, { raw: `HTTP/1.1 101 S\r\n${SECRET} : ${SECRET}\r\n\r\n` }],
    [502, 'a reset', {}, { resetAt: 'request' }],
  ])('%i for %s is one, and has no secret', async (status, _, options, handshake) => {
    await start(handshake);
    const { answer, connection } = await bed.request({ port: gateway.port, ...secretive(options) });
    expect(answer.status).toBe(status);
    await connection.tcpEnd();
    const id = answer.headers.find(([name]) => name === 'X-Request-Id')?.[1];
    expect(refusedLines()).toHaveLength(1);
    const fields = refusedLines()[0]?.fields;
    expect(fields).toMatchObject({ id, status, clientAddress: '127.0.0.1' });
    expect(fields?.['reason']).toMatch(/\S/);
    if (status === 403 || status === 502) expect(fields).toMatchObject({ route: '/rooms/:id/*' });
    expect(closedLines()).toHaveLength(0);
    expect(wholeLog()).not.toContain(SECRET);
  });

  it('of a client that left is one', async () => {
    await start('manual');
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest(secretive()));
    const taken = await upstream.next();
    await taken.readHead();
    client.reset();
    await taken.tcpEnd();
    taken.destroy();
    await gateway.nextRefusal();
    expect(refusedLines()).toHaveLength(1);
    expect(refusedLines()[0]?.fields).toMatchObject({ status: 0, route: '/rooms/:id/*' });
    expect(wholeLog()).not.toContain(SECRET);
  });

  it('is none for a plain request, and none for a health route', async () => {
    await start();
    for (const path of ['/health/live', '/nothing']) {
      const client = await bed.connect({ port: gateway.port });
      client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await client.readAnswer();
    }
    expect(refusedLines()).toHaveLength(0);
  });

  it('has nothing of what a client sends that is no HTTP', async () => {
    await start();
    const client = await bed.connect({ port: gateway.port });
    client.write(`${SECRET} ${SECRET}\r\n${SECRET}\r\n\r\n`);
    expect((await client.readAnswer()).status).toBe(400);
    await client.tcpEnd();
    expect(wholeLog()).not.toContain(SECRET);
  });
});
