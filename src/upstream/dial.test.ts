import { once } from 'node:events';
import { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { certificates } from '../../test/support/certificates/index.ts';
import {
  accepted,
  answered,
  at,
  codeOf,
  dialing,
  type Script,
  tlsProfile,
} from '../../test/support/dialing.ts';
import { Withdrawal } from '../base/withdrawal.ts';
import { createDial } from './dial.ts';

const { clock, dial, request, upstream } = dialing();

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
      const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
      const keepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive');
      const url = `${scheme}://127.0.0.1:${made.port}/`;
      const { stream } = await accepted(dial(request(url, { tls: secure ? tlsProfile() : null })));
      expect(noDelay.mock.calls).toEqual([[true]]);
      expect(keepAlive.mock.calls).toEqual([[true, 60_000]]);
      vi.restoreAllMocks();
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

describe('a client that leaves', () => {
  it('before the dial sees none', async () => {
    const made = await upstream({});
    const withdrawal = new Withdrawal();
    withdrawal.withdraw();
    expect(await codeOf(dial(request(at(made), { withdrawal })))).toBe('WSFW_CLIENT_LEFT');
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
    const withdrawal = new Withdrawal();
    const made = await upstream(script(() => withdrawal.withdraw()));
    expect(await codeOf(dial(request(at(made), { withdrawal })))).toBe('WSFW_CLIENT_LEFT');
  });

  it('while the name is looked up ends the attempt', async () => {
    const withdrawal = new Withdrawal();
    const silent = createDial(clock, () => {});
    const outcome = silent(request('ws://slow.test/', { withdrawal }));
    withdrawal.withdraw();
    expect(await codeOf(outcome)).toBe('WSFW_CLIENT_LEFT');
  });

  it('leaves nobody to be told of it, however the dial ends', async () => {
    const listening = new Set<unknown>();
    const withdrawal = {
      withdrawn: false,
      onWithdrawn: (f: () => void) => {
        listening.add(f);
        return () => listening.delete(f);
      },
    };
    const made = await upstream({
      onRequest: (socket, head) => {
        if (made.connections.length === 1) socket.write(head.accept());
        else socket.end('HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n');
      },
    });
    (await accepted(dial(request(at(made), { withdrawal })))).stream.destroy();
    expect(listening.size).toBe(0);
    (await answered(dial(request(at(made), { withdrawal })))).body.resume();
    expect(listening.size).toBe(0);
  });
});
