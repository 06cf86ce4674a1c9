import { afterEach, describe, expect, it } from 'vitest';
import { type EchoServer, startEchoServer } from './echo-server.ts';
import { fragmented, OPCODE } from './frames.ts';
import { headerOf } from './http-head.ts';
import { connectRaw, openRaw, requestRaw } from './raw-client.ts';
import type { RawConnection } from './raw-connection.ts';
import { answerHandshake, type RawUpstream, startRawUpstream } from './raw-upstream.ts';

let open: { close(): Promise<void> } | null = null;
let client: RawConnection | null = null;

afterEach(async () => {
  client?.destroy();
  await open?.close();
  open = null;
});

const upstream = async (...args: Parameters<typeof startRawUpstream>): Promise<RawUpstream> => {
  const started = await startRawUpstream(...args);
  open = started;
  return started;
};

const echo = async (...args: Parameters<typeof startEchoServer>): Promise<EchoServer> => {
  const started = await startEchoServer(...args);
  open = started;
  return started;
};

describe('raw client and raw upstream', () => {
  it('open a connection and exchange frames both ways', async () => {
    const server = await upstream({ handshake: { firstFrames: [{ opcode: 1, payload: 'welcome' }] } });
    const own = await openRaw({ port: server.port, path: '/x', early: Buffer.alloc(0) });
    client = own;
    const peer = await server.next();
    expect(peer.request?.startLine).toBe('GET /x HTTP/1.1');
    expect((await own.nextMessage()).payload.toString()).toBe('welcome');
    own.send(...fragmented(2, Buffer.alloc(100_000, 7), [10, 70_000]));
    const message = await peer.nextMessage();
    expect(message).toMatchObject({ opcode: 2, fragments: 3 });
    expect(message.payload.equals(Buffer.alloc(100_000, 7))).toBe(true);
    peer.sendClose(1000, 'bye');
    expect(await own.nextClose()).toEqual({ code: 1000, reason: 'bye' });
    peer.end();
    expect(await own.tcpEnd()).toBe('fin');
    own.reset();
    expect(await peer.tcpEnd()).toBe('reset');
  });

  it('play a script: wait, answer otherwise, answer wrongly, reset', async () => {
    const server = await upstream({ handshake: 'manual' });
    client = await connectRaw({ port: server.port });
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    const peer = await server.next();
    await answerHandshake(peer, { status: 403, body: 'no', headers: [['X-Why', 'because']] });
    const answer = await client.readAnswer();
    expect(answer).toMatchObject({ status: 403, body: Buffer.from('no') });
    expect(headerOf(answer, 'x-why')).toBe('because');
    client.destroy();

    server.handshake = { accept: 'wrong' };
    await expect(openRaw({ port: server.port })).rejects.toThrow('wrong Sec-WebSocket-Accept');
    server.handshake = { resetAt: 'request' };
    await expect(requestRaw({ port: server.port })).rejects.toThrow('a reset');
    server.handshake = { resetAt: 'mid-answer' };
    await expect(requestRaw({ port: server.port })).rejects.toThrow('instead of HTTP head');
  });

  it('say what did not come', async () => {
    const server = await upstream();
    client = await openRaw({ port: server.port, deadlineMs: 20 });
    await expect(client.nextFrame()).rejects.toThrow('no frame at the client within 20 ms');
  });

  it('refuse frames that RFC 6455 forbids', async () => {
    const server = await upstream();
    client = await openRaw({ port: server.port });
    (await server.next()).send({ opcode: 1, payload: 'x', lengthBits: 16 });
    await expect(client.nextFrame()).rejects.toThrow('length-not-minimal');
  });

  it('read chunked answers', async () => {
    const raw = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n';
    const server = await upstream({ handshake: { raw } });
    const { connection, answer } = await requestRaw({ port: server.port });
    client = connection;
    expect(answer.body.toString()).toBe('abcd');
  });
});

describe('the strict echo server', () => {
  it('echoes frames as they came and answers pings and closes', async () => {
    const server = await echo({ extensions: 'permessage-deflate', subprotocol: 'chat' });
    const own = await openRaw({
      port: server.port,
      extensions: 'permessage-deflate; client_max_window_bits',
      subprotocols: ['other', 'chat'],
    });
    client = own;
    expect(headerOf(own.answer, 'sec-websocket-protocol')).toBe('chat');
    const frames = fragmented(1, Buffer.from('abcdef'), [2, 2], true);
    own.send(...frames, { opcode: OPCODE.ping, payload: 'p' });
    for (const frame of frames) {
      expect(await own.nextFrame()).toMatchObject({
        fin: frame.fin,
        rsv1: frame.rsv1,
        payload: frame.payload,
      });
    }
    expect(await own.nextFrame()).toMatchObject({ opcode: OPCODE.pong, payload: Buffer.from('p') });
    own.sendClose(3000, 'why');
    expect(await own.nextClose()).toEqual({ code: 3000, reason: '' });
    expect(await own.tcpEnd()).toBe('fin');
    expect(server.closes).toEqual([{ code: 3000, reason: 'why' }]);
    server.assertClean();
  });

  it('records what broke the protocol and fails loudly', async () => {
    const server = await echo();
    client = await openRaw({ port: server.port });
    client.send({ opcode: 1, payload: 'not masked', mask: null });
    expect(await client.nextClose()).toMatchObject({ code: 1002 });
    expect(() => server.assertClean()).toThrow('wrong-masking in a frame with opcode 1');
  });
});
