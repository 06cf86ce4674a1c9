import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { PassThrough, type Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { certificates } from '../../test/support/certificates/index.ts';
import { FakeExchange, type FakeRequest, HANDSHAKE } from '../../test/support/fake-exchange.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import {
  type RequestHead,
  type ScriptedUpstream,
  scriptUpstream,
} from '../../test/support/scripted-upstream.ts';
import type { Connection } from '../base/connection.ts';
import { WsfwError } from '../base/errors.ts';
import type { Leg } from '../base/leg.ts';
import type { Relay, RelayEngine, RelayOptions, RelayOwner, RelayResult } from '../base/relay.ts';
import { Withdrawal } from '../base/withdrawal.ts';
import type { Acceptance, Answer } from '../http/exchange.ts';
import type { Forward } from './contract.ts';
import { createForwarding } from './forwarding.ts';
import type { ForwardOptions } from './options.ts';

const RELAY: RelayOptions = {
  pingIntervalMs: 0,
  pongTimeoutMs: 0,
  maxInactivityMs: 0,
  closeTimeoutMs: 5_000,
  writeTimeoutMs: 0,
  maxMessageBytes: 0,
  maxControlFrames: 100,
};

const optionsFor = (upstreamEndpoint: string, changes: Partial<ForwardOptions> = {}): ForwardOptions => ({
  upstreamEndpoint,
  connectTimeoutMs: 5_000,
  handshakeTimeoutMs: 10_000,
  preserveHost: true,
  headers: { set: {}, remove: [] },
  tls: {},
  relay: RELAY,
  ...changes,
});

/** An upgrade whose client is a stream in memory. */
class FakeUpgrade extends FakeExchange {
  readonly withdrawal: Withdrawal;
  readonly ends: unknown[] = [];
  accepted: Acceptance | null = null;
  streamed: string | null = null;
  readonly clientStream = new PassThrough();
  left = false;

  constructor(request: FakeRequest = {}, offer: { subprotocols?: string[]; extensions?: string } = {}) {
    const withdrawal = new Withdrawal();
    super({
      ...request,
      upgrade: {
        withdrawal,
        subprotocols: offer.subprotocols ?? [],
        extensions: offer.extensions ?? '',
        accept: async (acceptance) => {
          if (this.left) throw new WsfwError('WSFW_CLIENT_LEFT');
          this.accepted = { ...acceptance, headers: [...acceptance.headers] };
          return {
            stream: this.clientStream,
            head: new Uint8Array(),
            subprotocol: acceptance.subprotocol,
            extensions: acceptance.extensions,
            ended: (end) => void this.ends.push(end),
            relayedBy: () => (result) => void this.ends.push(result),
          };
        },
      },
    });
    this.withdrawal = withdrawal;
    this.outgoing.subprotocols = [...(offer.subprotocols ?? [])];
  }

  override async respond(answer: Answer): Promise<void> {
    await super.respond(answer);
    if (typeof answer.body === 'object' && 'read' in answer.body)
      this.streamed = await readText(answer.body as Readable);
  }

  get problem(): Record<string, unknown> {
    return JSON.parse(String(this.answer?.body)) as Record<string, unknown>;
  }
}

/** Starts relays that do nothing until a test ends them. */
class FakeEngine implements RelayEngine {
  readonly started: { client: Leg; upstream: Leg; options: RelayOptions }[] = [];
  end: (result: RelayResult) => void = () => {};
  readonly supports = () => true;
  readonly prepare = (leg: Leg): Leg => leg;

  start(client: Leg, upstream: Leg, options: RelayOptions, owner?: RelayOwner): Relay {
    this.started.push({ client, upstream, options });
    const result = new Promise<RelayResult>((resolve) => {
      this.end = (how) => {
        upstream.stream.destroy();
        resolve(how);
        owner?.relayEnded(how);
      };
    });
    const side = { messages: 0, bytes: 0, closeReceived: null, closeSent: null, roundTrip: null };
    return {
      result,
      stats: () => ({ durationMs: 7, client: side, upstream: side }),
      send: () => 'sent',
      close: () => {},
      terminate: () => {},
    };
  }
}

const clock = new ManualClock();
let upstreams: ScriptedUpstream[];
let engine: FakeEngine;
let logger: RecordingLogger;
let events: unknown[][];
let forward: Forward;

beforeEach(() => {
  upstreams = [];
  engine = new FakeEngine();
  logger = new RecordingLogger();
  events = [];
  ({ forward } = createForwarding({
    engine,
    clock,
    logger,
    drain: () => {},
    observer: {
      opened: (connection) => void events.push(['opened', connection]),
      ended: (connection, result) => void events.push(['ended', connection, result]),
      refused: () => void events.push(['refused']),
    },
  }));
});

afterEach(async () => {
  for (const made of upstreams) {
    await made.drained();
    await made.close();
  }
  expect(clock.pending).toBe(0);
});

async function upstream(
  onRequest: (socket: Socket, head: RequestHead) => void,
  tls?: object,
): Promise<ScriptedUpstream> {
  const made = await scriptUpstream({ onRequest, ...(tls === undefined ? {} : { tls }) });
  upstreams.push(made);
  return made;
}

const at = (made: ScriptedUpstream, rest = '/ws', scheme = 'ws'): string =>
  `${scheme}://127.0.0.1:${made.port}${rest}`;

const RESULT = { cause: 'client-closed' } as RelayResult;

describe('forward', () => {
  it('asks the upstream, accepts the client, relays, and reports the end once', async () => {
    let asked = '';
    const made = await upstream((socket, head) => {
      asked = head.text;
      socket.write(`${head.accept('Sec-WebSocket-Protocol: chat', 'Set-Cookie: a=b')}early`);
    });
    const exchange = new FakeUpgrade(
      { target: '/ws/chat?room=1', headers: [...HANDSHAKE, ['Cookie', 'c=d']] },
      { subprotocols: ['chat'], extensions: 'permessage-deflate, x-other' },
    );
    exchange.locals.set('user', 'ada');
    const connection = await forward(exchange, optionsFor(at(made)));

    expect(asked).toContain('GET /ws?room=1 HTTP/1.1\r\nHost: gateway.test\r\n');
    expect(asked).toContain('Sec-WebSocket-Protocol: chat\r\n');
    expect(asked).toContain('Sec-WebSocket-Extensions: permessage-deflate\r\n');
    expect(asked).toContain('Cookie: c=d\r\n');
    expect(asked).not.toContain('dGhlIHNhbXBsZSBub25jZQ==');
    expect(exchange.accepted).toEqual({
      subprotocol: 'chat',
      extensions: '',
      headers: [['Set-Cookie', 'a=b']],
    });
    expect(engine.started[0]?.options).toBe(RELAY);
    expect(Buffer.from(engine.started[0]?.upstream.head ?? []).toString()).toBe('early');
    expect(connection).toMatchObject({
      id: 'request-1',
      clientAddress: '192.0.2.1',
      endpoint: at(made),
      subprotocol: 'chat',
      route: exchange.route,
    });
    expect(connection?.locals.get('user')).toBe('ada');
    expect(events).toEqual([['opened', connection]]);

    engine.end(RESULT);
    expect(await connection?.ended).toBe(RESULT);
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual([
      ['opened', connection],
      ['ended', connection, RESULT],
    ]);
    expect(exchange.ends).toEqual([RESULT]);
  });

  it('gives the connection what its relay can do, and locals and tags of its own', async () => {
    const made = await upstream((socket, head) => void socket.write(head.accept()));
    const connection = (await forward(new FakeUpgrade(), optionsFor(at(made)))) as Connection;
    connection.locals.set('a', 1);
    connection.tags.add('b');
    expect([connection.locals.get('a'), connection.tags.has('b')]).toEqual([1, true]);
    expect(connection.stats().durationMs).toBe(7);
    expect(connection.send('client', 'hi')).toBe('sent');
    engine.end(RESULT);
  });

  it("maps path, query, Host and headers by the endpoint's and the options' rules", async () => {
    let asked: RequestHead | null = null;
    const made = await upstream((socket, head) => {
      asked = head;
      socket.write(head.accept());
    });
    const exchange = new FakeUpgrade({
      target: '/ws/a%20b?token=x&y=1',
      params: { '*': 'a%20b' },
      headers: [...HANDSHAKE, ['X-Secret', '1'], ['X-Role', 'root']],
    });
    const options = optionsFor(at(made, '/base?token=fixed'), {
      preserveHost: false,
      headers: { set: { 'X-Role': 'user' }, remove: ['x-secret'] },
    });
    await forward(exchange, options);
    const head = asked as unknown as RequestHead;
    expect(head.target).toBe('/base/a%20b?token=fixed&y=1');
    expect(head.header('host')).toBe(`127.0.0.1:${made.port}`);
    expect(head.header('x-role')).toBe('user');
    expect(head.header('x-secret')).toBeUndefined();
    engine.end(RESULT);
  });

  it('does not tell the client of a subprotocol that only a middleware offered', async () => {
    const made = await upstream(
      (socket, head) => void socket.write(head.accept('Sec-WebSocket-Protocol: inner')),
    );
    const exchange = new FakeUpgrade({}, { subprotocols: ['outer'] });
    exchange.outgoing.subprotocols = ['inner'];
    const connection = await forward(exchange, optionsFor(at(made)));
    expect(exchange.accepted?.subprotocol).toBe('');
    expect(connection?.subprotocol).toBe('inner');
    engine.end(RESULT);
  });

  it('speaks TLS with the options of tls', async () => {
    const made = await upstream((socket, head) => void socket.write(head.accept()), {
      ...certificates.server,
      ca: certificates.ca,
      requestCert: true,
    });
    const { cert, key } = certificates.client;
    const tls = { ca: certificates.ca, cert, key };
    expect(await forward(new FakeUpgrade(), optionsFor(at(made, '/', 'wss'), { tls }))).not.toBeNull();
    engine.end(RESULT);
  });

  it('refuses what is no handshake, without asking the upstream', async () => {
    const made = await upstream(() => {});
    const exchange = new FakeExchange({ headers: [['Host', 'gateway.test']] });
    expect(await forward(exchange, optionsFor(at(made)))).toBeNull();
    expect(exchange.answer?.status).toBe(426);
    expect(made.connections).toHaveLength(0);
  });

  it('passes on another answer of the upstream, streamed', async () => {
    const made = await upstream((socket) => {
      socket.write(
        'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
      );
    });
    const exchange = new FakeUpgrade();
    expect(await forward(exchange, optionsFor(at(made)))).toBeNull();
    expect(exchange.answer?.status).toBe(401);
    expect(exchange.answerHeader('www-authenticate')).toBe('Basic');
    expect(exchange.answerHeader('transfer-encoding')).toBeUndefined();
    expect(exchange.streamed).toBe('hi');
    expect(exchange.answer?.reason).toContain(at(made));
    expect(events).toEqual([]);
  });

  it('lets go of the upstream when its answer cannot be passed on', async () => {
    const made = await upstream((socket) => void socket.write('HTTP/1.1 500 Oh\r\n\r\nendless'));
    const exchange = new FakeUpgrade();
    exchange.respond = async () => {
      throw new TypeError('cannot be sent');
    };
    await expect(forward(exchange, optionsFor(at(made)))).rejects.toThrow('cannot be sent');
  });

  it('answers 502, 504, 503, 400 and 500 with a problem that names no address', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as { port: number };
    closed.close();
    await once(closed, 'close');
    const resets = await upstream((socket) => void socket.resetAndDestroy());
    const nonsense = await upstream((socket) => void socket.write('SSH-2.0\r\n'));
    const silent = await upstream(() => void setImmediate(() => clock.advance(10_000)));
    const wildcard = { params: { '*': '..' } };
    const cases: [number, ForwardOptions, FakeRequest?][] = [
      [502, optionsFor(`ws://127.0.0.1:${port}/ws`)],
      [502, optionsFor(at(resets))],
      [502, optionsFor(at(nonsense))],
      [504, optionsFor(at(silent))],
      [400, optionsFor(at(resets)), wildcard],
      [500, optionsFor(at(resets, '/:missing'))],
      [500, optionsFor('nonsense')],
      [500, optionsFor(at(resets), { headers: { set: { A: 'b\r\nc' }, remove: [] } })],
    ];
    for (const [status, options, request] of cases) {
      const exchange = new FakeUpgrade(request);
      expect(await forward(exchange, options)).toBeNull();
      expect(exchange.answer?.status).toBe(status);
      expect(exchange.problem).toMatchObject({ status, requestId: 'request-1' });
      expect(String(exchange.answer?.body)).not.toContain('127.0.0.1');
      expect(exchange.answer?.reason).not.toBe('');
      expect(exchange.answer?.error).toBeInstanceOf(Error);
    }
  });

  it('says when to try again when the machine is short of something', async () => {
    const { forward: short } = createForwarding({
      engine,
      clock,
      logger,
      drain: () => {},
      observer: { opened: () => {}, ended: () => {}, refused: () => {} },
      dial: () => Promise.reject(new WsfwError('WSFW_OVERLOADED')),
    });
    const exchange = new FakeUpgrade();
    await short(exchange, optionsFor('ws://upstream.test/'));
    expect(exchange.answer?.status).toBe(503);
    expect(exchange.answerHeader('retry-after')).toBe('1');
  });

  it('takes the upstream along when the client leaves during the dial', async () => {
    const exchange = new FakeUpgrade();
    const made = await upstream(() => exchange.withdrawal.withdraw());
    expect(await forward(exchange, optionsFor(at(made)))).toBeNull();
    expect(exchange.answer).toBeNull();
    expect(events).toEqual([]);
  });

  it('takes the upstream along when the client has left by the time of the 101', async () => {
    const made = await upstream((socket, head) => void socket.write(head.accept()));
    const exchange = new FakeUpgrade();
    exchange.left = true;
    exchange.accepted = null;
    const outcome = forward(exchange, optionsFor(at(made)));
    exchange.respond = async () => {};
    expect(await outcome).toBeNull();
    expect(engine.started).toEqual([]);
  });

  it('does not answer what was answered before', async () => {
    const exchange = new FakeUpgrade();
    await exchange.respond({ status: 204 });
    await expect(forward(exchange, optionsFor('ws://upstream.test/'))).rejects.toMatchObject({
      code: 'WSFW_ANSWERED_TWICE',
    });
  });

  it('lets go of both ends when they cannot be relayed', async () => {
    const made = await upstream((socket, head) => void socket.write(head.accept()));
    const exchange = new FakeUpgrade();
    engine.start = () => {
      throw new Error('out of order');
    };
    exchange.respond = async () => {};
    expect(await forward(exchange, optionsFor(at(made)))).toBeNull();
    expect(exchange.clientStream.destroyed).toBe(true);
    expect(exchange.ends).toEqual([{ status: 101 }]);
    expect(events).toEqual([]);
  });

  it('goes on when an observer throws', async () => {
    const made = await upstream((socket, head) => void socket.write(head.accept()));
    const exchange = new FakeUpgrade();
    const { forward: careless } = createForwarding({
      engine,
      clock,
      logger,
      drain: () => {},
      observer: {
        opened: () => {},
        ended: () => {
          throw new Error('careless');
        },
        refused: () => {},
      },
    });
    await careless(exchange, optionsFor(at(made)));
    engine.end(RESULT);
    expect(await logger.line((line) => line.level === 'error')).toMatchObject({
      fields: { id: 'request-1' },
    });
  });
});
