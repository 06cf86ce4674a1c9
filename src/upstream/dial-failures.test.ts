import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  answers,
  at,
  codeOf,
  dialing,
  failure,
  finishes,
  type Script,
  tlsProfile,
} from '../../test/support/dialing.ts';
import { createDial } from './dial.ts';

const { clock, dial, request, upstream } = dialing();

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

  it('says whether anything of its answer had come', async () => {
    const silent = await upstream(finishes(''));
    expect(await failure(dial(request(at(silent))))).toMatchObject({ beforeAnswer: true });
    const begun = await upstream(finishes('H'));
    expect(await failure(dial(request(at(begun))))).toMatchObject({ beforeAnswer: false });
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
    expect(await codeOf(dial(request(url, { tls: tlsProfile() })))).toBe('WSFW_UPSTREAM_CONNECT_TIMEOUT');
  });
});
