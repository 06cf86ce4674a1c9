import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { text as readText } from 'node:stream/consumers';
import { createSecureContext } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { certificates } from '../../test/support/certificates/index.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { type ScriptedUpstream, scriptUpstream } from '../../test/support/scripted-upstream.ts';
import { WsfwError } from '../base/errors.ts';
import { createDial, type DialOutcome, type DialRequest } from './dial.ts';
import { parseEndpoint } from './endpoint.ts';
import type { TlsProfile } from './open-socket.ts';

const upstreams: ScriptedUpstream[] = [];
const clock = new ManualClock();
const dial = createDial(clock);

type Script = Parameters<typeof scriptUpstream>[0];

async function upstream(script: Script): Promise<ScriptedUpstream> {
  const made = await scriptUpstream(script);
  upstreams.push(made);
  return made;
}

/** After every test: no timer is set and every connection that the upstream had is gone. */
afterEach(async () => {
  for (const made of upstreams.splice(0)) {
    await made.drained();
    await made.close();
  }
  expect(clock.pending).toBe(0);
});

function request(url: string, changes: Partial<DialRequest> = {}): DialRequest {
  const verdict = parseEndpoint(url);
  if (!verdict.ok) throw new Error(verdict.problem);
  return {
    endpoint: verdict.endpoint,
    tls: null,
    target: '/ws?a=b',
    host: 'gateway.test',
    subprotocols: [],
    extensions: '',
    headers: [],
    connectTimeoutMs: 5_000,
    deadlineMs: clock.now() + 10_000,
    stallMs: 10_000,
    signal: new AbortController().signal,
    ...changes,
  };
}

const at = (made: ScriptedUpstream): string => `ws://127.0.0.1:${made.port}/ws`;

async function accepted(outcome: Promise<DialOutcome>) {
  const result = await outcome;
  if (result.kind !== 'accepted') throw new Error(`answered with ${result.status}`);
  return { ...result, stream: result.leg.stream as Socket };
}

async function answered(outcome: Promise<DialOutcome>) {
  const result = await outcome;
  if (result.kind !== 'answer') throw new Error('accepted');
  return result;
}

async function failure(outcome: Promise<DialOutcome>): Promise<WsfwError> {
  try {
    await outcome;
  } catch (error) {
    if (error instanceof WsfwError) return error;
    throw error;
  }
  throw new Error('the dial succeeded');
}

const codeOf = async (outcome: Promise<DialOutcome>): Promise<string> => (await failure(outcome)).code;

const answers = (text: string): Script => ({
  onRequest: (socket) => {
    socket.write(text, 'latin1');
  },
});

/** Answers and ends. */
const finishes = (text: string): Script => ({
  onRequest: (socket) => {
    socket.end(text, 'latin1');
  },
});

const body = async (from: { body: Readable }): Promise<string> => readText(from.body);

describe('dial', () => {
  it('sends one well-formed opening handshake with a fresh key, headers in order', async () => {
    const heads: string[][] = [];
    const made = await upstream({
      onRequest: (socket, head) => {
        heads.push(head.lines);
        socket.end(head.accept());
      },
    });
    const changes = {
      subprotocols: ['chat', 'other'],
      extensions: 'permessage-deflate; client_max_window_bits',
      headers: [
        ['Cookie', 'a=1'],
        ['X-Late', '\xe4'],
        ['Cookie', 'b=2'],
      ] as const,
    };
    for (let i = 0; i < 2; i++) (await accepted(dial(request(at(made), changes)))).stream.destroy();
    const [first = [], second = []] = heads;
    const key = first[4];
    expect(key).toMatch(/^Sec-WebSocket-Key: [A-Za-z0-9+/]{22}==$/);
    expect(second[4]).not.toBe(key);
    expect(first).toEqual([
      'GET /ws?a=b HTTP/1.1',
      'Host: gateway.test',
      'Upgrade: websocket',
      'Connection: Upgrade',
      key,
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Protocol: chat, other',
      'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
      'Cookie: a=1',
      'X-Late: \xe4',
      'Cookie: b=2',
    ]);
  });

  it('hands over what was agreed, the other headers and the bytes that came with the 101', async () => {
    const made = await upstream({
      onRequest: (socket, head) => {
        const extra = [
          'Set-Cookie: a',
          'Sec-WebSocket-Protocol: chat',
          'Keep-Alive: timeout=5',
          'Set-Cookie: b',
        ];
        socket.write('HTTP/1.1 103 Early Hints\r\n\r\n');
        socket.write(
          `${head.accept('Sec-WebSocket-Extensions: permessage-deflate', ...extra)}\x81\x02hi`,
          'latin1',
        );
      },
    });
    const { leg, headers, stream } = await accepted(
      dial(request(at(made), { subprotocols: ['chat'], extensions: 'permessage-deflate' })),
    );
    expect(leg).toMatchObject({ subprotocol: 'chat', extensions: 'permessage-deflate' });
    expect([...headers]).toEqual([
      ['Set-Cookie', 'a'],
      ['Set-Cookie', 'b'],
    ]);
    expect(Buffer.from(leg.head).toString('latin1')).toBe('\x81\x02hi');
    stream.destroy();
  });

  it('leaves one listener on an accepted socket and loses nothing that comes before the next one', async () => {
    const made = await upstream({
      onRequest: (socket, head) => {
        socket.write(head.accept());
        socket.end('and then the rest');
      },
    });
    const { stream, leg } = await accepted(dial(request(at(made))));
    expect(stream.listenerCount('error')).toBe(1);
    for (const name of ['data', 'readable', 'close', 'connect', 'timeout', 'drain']) {
      expect([name, stream.listenerCount(name)]).toEqual([name, 0]);
    }
    expect(clock.pending).toBe(0);
    while (stream.readableLength + leg.head.length < 17)
      await new Promise((resolve) => setImmediate(resolve));
    let rest = Buffer.from(leg.head).toString();
    stream.on('data', (bytes: Buffer) => {
      rest += bytes.toString();
    });
    await once(stream, 'end');
    expect(rest).toBe('and then the rest');
    stream.destroy();
  });

  it.each(['ws', 'wss'])(
    'has 16 KiB high-water marks, no delay and keep-alive on a %s socket',
    async (scheme) => {
      const secure = scheme === 'wss';
      const made = await upstream({
        onRequest: (socket, head) => {
          socket.write(head.accept());
        },
        ...(secure ? { tls: certificates.server } : {}),
      });
      const url = `${scheme}://127.0.0.1:${made.port}/`;
      const { stream } = await accepted(dial(request(url, { tls: secure ? profile() : null })));
      expect(stream.readableHighWaterMark).toBe(16_384);
      expect(stream.writableHighWaterMark).toBe(16_384);
      stream.destroy();
    },
  );

  it('reads no more than its high-water mark ahead of whoever takes an accepted socket', async () => {
    const made = await upstream({
      onRequest: (socket, head) => {
        socket.write(head.accept());
        socket.write(Buffer.alloc(4_000_000));
      },
    });
    const { stream } = await accepted(dial(request(at(made))));
    while (stream.readableLength < 16_384) await new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
    expect(stream.readableLength).toBeLessThanOrEqual(16_384 + 65_536);
    stream.destroy();
  });

  it('refuses to send what could be taken for something else', async () => {
    const made = await upstream({});
    expect(await codeOf(dial(request(at(made), { target: '/a\r\nX: y' })))).toBe('WSFW_BAD_TARGET');
    expect(await codeOf(dial(request(at(made), { target: '/a b' })))).toBe('WSFW_BAD_TARGET');
    expect(await codeOf(dial(request(at(made), { target: 'http://other/' })))).toBe('WSFW_BAD_TARGET');
    for (const header of [
      ['A', 'b\r\nC: d'],
      ['A', 'b\nc'],
      ['A', '\0'],
      ['A\r\nB', 'c'],
      ['A ', 'b'],
      ['A', '€'],
    ]) {
      const headers = [[header[0] ?? '', header[1] ?? '']] as const;
      expect(await codeOf(dial(request(at(made), { headers })))).toBe('WSFW_PLUGIN_THREW');
    }
    expect(await codeOf(dial(request(at(made), { host: 'a\r\nb' })))).toBe('WSFW_PLUGIN_THREW');
    expect(await codeOf(dial(request(at(made), { subprotocols: ['a\r\nb'] })))).toBe('WSFW_PLUGIN_THREW');
    expect(made.connections).toHaveLength(0);
  });
});

describe('an upstream that answers otherwise', () => {
  it('passes on status, end-to-end headers and body', async () => {
    const made = await upstream(
      answers(
        'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\n' +
          'Content-Length: 5\r\nWWW-Authenticate: Bearer\r\n\r\nhello',
      ),
    );
    const answer = await answered(dial(request(at(made))));
    expect(answer.status).toBe(401);
    expect([...answer.headers]).toEqual([
      ['WWW-Authenticate', 'Basic'],
      ['Content-Length', '5'],
      ['WWW-Authenticate', 'Bearer'],
    ]);
    expect(await body(answer)).toBe('hello');
  });

  it.each([
    ['chunked', 'Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n'],
    ['until the connection ends', '\r\nhello'],
    ['with a length and more behind it', 'Content-Length: 5\r\n\r\nhello and more'],
  ])('reads a body %s', async (_, rest) => {
    const made = await upstream(finishes(`HTTP/1.1 503 Busy\r\n${rest}`));
    expect(await body(await answered(dial(request(at(made)))))).toBe('hello');
  });

  it('ends at once when there is no body', async () => {
    const made = await upstream(answers('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'));
    expect(await body(await answered(dial(request(at(made)))))).toBe('');
  });

  it.each([
    ['a length', 'Content-Length: 10\r\n\r\nhello'],
    ['chunks', 'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n'],
  ])('tells a body with %s that was cut short from a complete one', async (_, rest) => {
    const made = await upstream(finishes(`HTTP/1.1 500 Oh\r\n${rest}`));
    await expect(body(await answered(dial(request(at(made)))))).rejects.toMatchObject({
      code: 'WSFW_UPSTREAM_UNREACHABLE',
    });
  });

  it('fails a body that was reset, even one that lasts until the connection ends', async () => {
    const made = await upstream(answers('HTTP/1.1 500 Oh\r\n\r\nhello'));
    const answer = await answered(dial(request(at(made))));
    const whole = body(answer);
    made.connections[0]?.resetAndDestroy();
    await expect(whole).rejects.toMatchObject({ code: 'WSFW_UPSTREAM_UNREACHABLE' });
  });

  it('fails a body whose chunks are malformed', async () => {
    const made = await upstream(answers('HTTP/1.1 500 Oh\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n'));
    await expect(body(await answered(dial(request(at(made)))))).rejects.toMatchObject({
      code: 'WSFW_UPSTREAM_INVALID',
    });
  });

  it('fails a body that stands still', async () => {
    const made = await upstream(answers('HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\nhello'));
    const answer = await answered(dial(request(at(made))));
    const reader = answer.body[Symbol.asyncIterator]();
    await reader.next();
    clock.advance(10_000);
    await expect(reader.next()).rejects.toMatchObject({ code: 'WSFW_UPSTREAM_HANDSHAKE_TIMEOUT' });
  });

  it('reads a long body only as fast as it is taken', async () => {
    const size = 8_000_000;
    const made = await upstream({
      onRequest: (socket) => {
        socket.write(`HTTP/1.1 500 Oh\r\nContent-Length: ${size}\r\n\r\n`);
        socket.write(Buffer.alloc(size));
      },
    });
    const answer = await answered(dial(request(at(made))));
    let most = 0;
    let received = 0;
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      received += chunk.length;
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, answer.body.readableLength);
    }
    expect(received).toBe(size);
    expect(most).toBeLessThanOrEqual(16_384 + 2 * 65_536);
  });

  it('lets go of the upstream when the body is not wanted', async () => {
    const made = await upstream(answers('HTTP/1.1 500 Oh\r\nContent-Length: 10\r\n\r\nhello'));
    (await answered(dial(request(at(made))))).body.destroy();
  });
});

describe('an upstream that does not answer properly', () => {
  const accept = (change: (head: string) => string): Script => ({
    onRequest: (socket, head) => {
      socket.write(change(head.accept()), 'latin1');
    },
  });

  it.each<[string, Script]>([
    [
      'an accept value of another key',
      accept((head) => head.replace(/Accept: .*/, 'Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=')),
    ],
    ['no accept value', accept((head) => head.replace(/Sec-WebSocket-Accept: .*\r\n/, ''))],
    ['no Upgrade', accept((head) => head.replace('Upgrade: websocket\r\n', ''))],
    [
      'a subprotocol that was not offered',
      accept((head) => head.replace('\r\n\r\n', '\r\nSec-WebSocket-Protocol: x\r\n\r\n')),
    ],
    [
      'an extension that was not offered',
      accept((head) => head.replace('\r\n\r\n', '\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n')),
    ],
    ['a 101 of HTTP/1.0', accept((head) => head.replace('HTTP/1.1', 'HTTP/1.0'))],
    ['a head that is too long', answers(`HTTP/1.1 200 OK\r\nA: ${'x'.repeat(20_000)}`)],
    ['a malformed head', answers('HTTP/1.1 200 OK\nA: b\r\n\r\n')],
    ['something that is not HTTP', answers('SSH-2.0-OpenSSH_9.6\r\n')],
    ['contradicting lengths', answers('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n')],
  ])('is invalid with %s', async (_, script) => {
    const made = await upstream(script);
    const error = await failure(dial(request(at(made))));
    expect(error.code).toBe('WSFW_UPSTREAM_INVALID');
    expect(error.message).toContain(at(made));
  });

  it('is unreachable when nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    server.close();
    await once(server, 'close');
    const error = await failure(dial(request(`ws://127.0.0.1:${port}/ws`)));
    expect(error.code).toBe('WSFW_UPSTREAM_UNREACHABLE');
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('is unreachable when its name is unknown', async () => {
    const unknown = createDial(clock, (hostname, _, callback) => {
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }), '');
    });
    expect(await codeOf(unknown(request('ws://nowhere.test/')))).toBe('WSFW_UPSTREAM_UNREACHABLE');
  });

  it.each(['EMFILE', 'EADDRNOTAVAIL'])('is not to blame when the machine says %s', async (code) => {
    const short = createDial(clock, (_, __, callback) =>
      callback(Object.assign(new Error(code), { code }), ''),
    );
    expect(await codeOf(short(request('ws://somewhere.test/')))).toBe('WSFW_OVERLOADED');
  });

  it.each<[string, Script]>([
    ['resets at once', { onConnection: (socket) => void socket.resetAndDestroy() }],
    ['ends at once', { onConnection: (socket) => void socket.end() }],
    ['resets after the request', { onRequest: (socket) => void socket.resetAndDestroy() }],
    ['ends after the request', finishes('')],
    ['ends within the head', finishes('HTTP/1.1 101 Switching Protocols\r\nUpgrade: webso')],
    [
      'resets within the head',
      { onRequest: (socket) => socket.write('HTTP/1.1 101', () => socket.resetAndDestroy()) },
    ],
  ])('is unreachable when it %s', async (_, script) => {
    const made = await upstream(script);
    expect(await codeOf(dial(request(at(made))))).toBe('WSFW_UPSTREAM_UNREACHABLE');
  });

  it('has timed out when it is silent until the deadline, whatever it began', async () => {
    for (const text of ['', 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Swi']) {
      const made = await upstream({
        onRequest: (socket) => {
          socket.write(text, () => setImmediate(() => clock.advance(10_000)));
        },
      });
      expect(await codeOf(dial(request(at(made))))).toBe('WSFW_UPSTREAM_HANDSHAKE_TIMEOUT');
    }
  });

  it('has timed out when its name or its TCP takes longer than connectTimeout', async () => {
    const silent = createDial(clock, () => {});
    const outcome = silent(request('ws://slow.test/'));
    clock.advance(4_999);
    expect(clock.pending).toBe(1);
    clock.advance(1);
    expect(await codeOf(outcome)).toBe('WSFW_UPSTREAM_CONNECT_TIMEOUT');
    const late = silent(request('ws://slow.test/', { deadlineMs: clock.now() + 100 }));
    clock.advance(100);
    expect(await codeOf(late)).toBe('WSFW_UPSTREAM_HANDSHAKE_TIMEOUT');
  });

  it('has timed out when it takes the connection but does not speak TLS', async () => {
    const made = await upstream({ onConnection: () => setImmediate(() => clock.advance(5_000)) });
    const url = `wss://127.0.0.1:${made.port}/`;
    expect(await codeOf(dial(request(url, { tls: profile() })))).toBe('WSFW_UPSTREAM_CONNECT_TIMEOUT');
  });
});

describe('a client that leaves', () => {
  it('before the dial sees none', async () => {
    const made = await upstream({});
    expect(await codeOf(dial(request(at(made), { signal: AbortSignal.abort() })))).toBe('WSFW_CLIENT_LEFT');
    expect(made.connections).toHaveLength(0);
  });

  it.each<[string, (leave: () => void) => Script]>([
    ['while the connection is made', (leave) => ({ onConnection: leave })],
    ['before the answer', (leave) => ({ onRequest: leave })],
    [
      'within the answer',
      (leave) => ({
        onRequest: (socket) => {
          socket.write('HTTP/1.1 101 Swi', () => setImmediate(leave));
        },
      }),
    ],
  ])('%s takes the upstream along', async (_, script) => {
    const controller = new AbortController();
    const made = await upstream(script(() => controller.abort()));
    expect(await codeOf(dial(request(at(made), { signal: controller.signal })))).toBe('WSFW_CLIENT_LEFT');
  });

  it('while the name is looked up ends the attempt', async () => {
    const controller = new AbortController();
    const silent = createDial(clock, () => {});
    const outcome = silent(request('ws://slow.test/', { signal: controller.signal }));
    controller.abort();
    expect(await codeOf(outcome)).toBe('WSFW_CLIENT_LEFT');
  });

  it('leaves no listener on its signal, however the dial ends', async () => {
    const listening = new Set<unknown>();
    const signal = Object.assign(new AbortController().signal, {
      addEventListener: (_: string, f: unknown) => listening.add(f),
      removeEventListener: (_: string, f: unknown) => listening.delete(f),
    });
    const made = await upstream({
      onRequest: (socket, head) => {
        if (made.connections.length === 1) socket.write(head.accept());
        else socket.end('HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n');
      },
    });
    (await accepted(dial(request(at(made), { signal })))).stream.destroy();
    expect(listening.size).toBe(0);
    (await answered(dial(request(at(made), { signal })))).body.resume();
    expect(listening.size).toBe(0);
  });
});

function profile(
  changes: Partial<TlsProfile> = {},
  context: Parameters<typeof createSecureContext>[0] = {},
): TlsProfile {
  return {
    secureContext: createSecureContext({ ca: certificates.ca, ...context }),
    servername: null,
    rejectUnauthorized: true,
    ...changes,
  };
}

describe('a wss:// upstream', () => {
  const accepting = (tls: Script['tls'], seen: (socket: Socket) => void = () => {}): Script => ({
    tls: { ALPNProtocols: ['h2', 'http/1.1'], ...tls },
    onRequest: (socket, head) => {
      seen(socket);
      socket.write(head.accept());
    },
  });

  const secure = (made: ScriptedUpstream, tls: TlsProfile, host = '127.0.0.1') =>
    dial(request(`wss://${host}:${made.port}/`, { tls, host: 'client-chosen.test' }));

  it('is taken by its address without a server name, and speaks http/1.1', async () => {
    let seen: unknown;
    const made = await upstream(
      accepting(certificates.server, (socket) => {
        const { servername, alpnProtocol } = socket as unknown as {
          servername: unknown;
          alpnProtocol: unknown;
        };
        seen = { servername, alpnProtocol };
      }),
    );
    const { stream } = await accepted(secure(made, profile()));
    expect(seen).toEqual({ servername: false, alpnProtocol: 'http/1.1' });
    stream.destroy();
  });

  it.each([
    ['localhost', certificates.server, null, 'localhost'],
    ['localhost', certificates.named, 'upstream.example.test', 'upstream.example.test'],
    ['127.0.0.1', certificates.named, 'upstream.example.test', 'upstream.example.test'],
  ])(
    'at %s is asked for by its own name or the one in tls.servername, never by Host',
    async (host, pair, servername, asked) => {
      let seen: unknown;
      const made = await upstream(
        accepting(pair, (socket) => {
          seen = (socket as unknown as { servername: unknown }).servername;
        }),
      );
      (await accepted(secure(made, profile({ servername }), host))).stream.destroy();
      expect(seen).toBe(asked);
    },
  );

  it.each([
    ['whose certificate another CA issued', certificates.server, certificates.stranger],
    ['whose certificate has expired', certificates.expired, certificates.ca],
    ['whose certificate names somebody else', certificates.named, certificates.ca],
  ])('%s is refused, unless rejectUnauthorized is off', async (_, pair, ca) => {
    const made = await upstream(accepting(pair));
    expect(await codeOf(secure(made, profile({}, { ca })))).toBe('WSFW_UPSTREAM_TLS');
    (await accepted(secure(made, profile({ rejectUnauthorized: false }, { ca })))).stream.destroy();
  });

  it('that asks for a client certificate gets it, and is a TLS failure without', async () => {
    const made = await upstream(
      accepting({ ...certificates.server, ca: certificates.ca, requestCert: true, rejectUnauthorized: true }),
    );
    expect(await codeOf(secure(made, profile()))).toBe('WSFW_UPSTREAM_TLS');
    const { cert, key } = certificates.client;
    (await accepted(secure(made, profile({}, { cert, key })))).stream.destroy();
  });

  it('that speaks no TLS, or ends within its handshake, is a TLS failure', async () => {
    const plain = await upstream({ onConnection: (socket) => void socket.write('HTTP/1.1 400 Bad\r\n\r\n') });
    expect(await codeOf(secure(plain, profile()))).toBe('WSFW_UPSTREAM_TLS');
    const ends = await upstream({ onConnection: (socket) => void socket.end() });
    expect(await codeOf(secure(ends, profile()))).toBe('WSFW_UPSTREAM_TLS');
  });

  it('keeps bytes that came in the same record as its 101', async () => {
    const made = await upstream({
      tls: certificates.server,
      onRequest: (socket, head) => {
        socket.end(`${head.accept()}first frame`);
      },
    });
    const { leg, stream } = await accepted(secure(made, profile()));
    expect(Buffer.from(leg.head).toString()).toBe('first frame');
    const ended = once(stream, 'end');
    stream.resume();
    await ended;
    stream.destroy();
  });
});
