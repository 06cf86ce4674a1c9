import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { type EchoServer, startEchoServer } from '../support/echo-server.ts';
import { handshakeRequest, openRaw } from '../support/raw-client.ts';
import { settled } from '../support/resources.ts';
import { GatewayProcess } from './gateway-process.ts';

/** For a request to be sent. */
const READ_TIMEOUT_MS = 3_000;
/** Node looks every half second; the rest is for a machine that is busy with two thousand answers. */
const ANSWERED_MS = READ_TIMEOUT_MS + 5_000;
const AT_ONCE = 100;
const SERVED_EVERY_MS = 50;

const config = (upstreamPort: number, tls: boolean) => `
  readTimeout: ${READ_TIMEOUT_MS}ms
${tls ? `  tls: true\n  certFile: ${certificates.server.certFile}\n  keyFile: ${certificates.server.keyFile}` : ''}
plugins:
  - path: wsfw
actions:
  Forward:
    use: plugins.wsfw.actions.WebSocketAction
    config:
      upstreamEndpoint: ws://127.0.0.1:${upstreamPort}/
routes:
  - path: /ws
    method: GET
    action: Forward
`;

let gateway: GatewayProcess | null = null;
let upstream: EchoServer | null = null;

afterEach(async () => {
  gateway?.dispose();
  await upstream?.close();
});

/** A client that never comes to the end of its request. */
class HalfClient {
  readonly #socket: Socket;
  readonly #beganAt = performance.now();
  #heard = '';
  /** The whole answer, once TCP has ended. */
  readonly answer: Promise<{ text: string; afterMs: number }>;

  constructor(socket: Socket, half: string) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#heard += text;
    });
    this.answer = new Promise((resolve) => {
      const settle = (how: string) => {
        resolve({ text: `${this.#heard}${how}`, afterMs: performance.now() - this.#beganAt });
        this.#socket.destroy();
      };
      socket.on('end', () => settle(''));
      socket.on('error', (error) => settle(` (${error.message})`));
    });
    socket.write(half);
  }
}

describe.each([
  { over: 'TCP', tls: false, count: 2_000 },
  { over: 'TLS', tls: true, count: 200 },
])('over $over', ({ tls, count }) => {
  it(`answers ${count} half-sent requests with 408 in time, while others are served`, async () => {
    upstream = await startEchoServer();
    gateway = await GatewayProcess.start(config(upstream.port, tls));
    const { port } = gateway;
    const before = gateway.sockets() ?? 0;
    const stop = new AbortController();
    const served = serveOthers(port, tls, stop.signal);
    // It is asked at the end.
    served.catch(() => {});

    const halves = await openHalves(port, tls, count);
    const answers = await Promise.all(halves.map((half) => half.answer));
    stop.abort();

    const firstLines = new Set(answers.map(({ text }) => text.split('\r\n')[0]));
    expect([...firstLines]).toEqual(['HTTP/1.1 408 Request Timeout']);
    expect(answers.filter(({ text }) => !text.endsWith('}'))).toEqual([]);
    const slowest = Math.max(...answers.map(({ afterMs }) => afterMs));
    expect(slowest).toBeLessThan(ANSWERED_MS);
    expect(await served).toBeGreaterThan(0);
    const running = gateway;
    await settled(() => ((running.sockets() ?? 0) <= before ? null : `${running.sockets()} sockets left`));
    console.log(
      `${count} half-sent requests over ${tls ? 'TLS' : 'TCP'}: the last was answered after ${Math.round(slowest)} ms`,
    );
  });
});

/** Requests cut at every place there is, from the first byte to the last but one. */
async function openHalves(port: number, tls: boolean, count: number): Promise<HalfClient[]> {
  const request = handshakeRequest({ path: '/ws' });
  const open = async (index: number): Promise<HalfClient> => {
    const socket = tls
      ? connectTls({ port, host: '127.0.0.1', ca: certificates.ca, servername: 'localhost' })
      : connectTcp({ port, host: '127.0.0.1' });
    await once(socket, tls ? 'secureConnect' : 'connect');
    return new HalfClient(socket, request.slice(0, 1 + (index % (request.length - 1))));
  };
  const halves: HalfClient[] = [];
  while (halves.length < count) {
    const indexes = Array.from(
      { length: Math.min(AT_ONCE, count - halves.length) },
      (_, i) => halves.length + i,
    );
    halves.push(...(await Promise.all(indexes.map(open))));
  }
  return halves;
}

/** Opens connections all the time and talks on each. @returns how many. */
async function serveOthers(port: number, tls: boolean, signal: AbortSignal): Promise<number> {
  let served = 0;
  while (!signal.aborted) {
    const secure = tls ? { tls: { ca: certificates.ca, servername: 'localhost' } } : {};
    const client = await openRaw({ port, path: '/ws', ...secure });
    client.sendText('served');
    expect((await client.nextMessage()).payload.toString()).toBe('served');
    client.destroy();
    served++;
    await setTimeout(SERVED_EVERY_MS);
  }
  return served;
}
