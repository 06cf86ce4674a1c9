import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { type Demo, type DemoOptions, startDemo } from './demo.ts';
import { LIMITS } from './limits.ts';

const demos: Demo[] = [];

async function start(options: Partial<DemoOptions> = {}): Promise<Demo> {
  const demo = await startDemo({
    port: 0,
    gatewayUrl: 'ws://localhost:8090/ws/chat',
    logger: silentLogger,
    clock: systemClock,
    ...options,
  });
  demos.push(demo);
  return demo;
}

afterEach(async () => {
  await Promise.all(demos.splice(0).map((demo) => demo.stop()));
});

/** A client that keeps what it is told until somebody asks for it. */
class Visitor {
  readonly socket: WebSocket;
  readonly #told: (string | Buffer)[] = [];
  #waiting: ((message: string | Buffer) => void) | null = null;

  constructor(url: string) {
    this.socket = new WebSocket(url);
    this.socket.on('message', (data: Buffer, isBinary: boolean) => {
      const message = isBinary ? data : data.toString('utf8');
      const waiting = this.#waiting;
      this.#waiting = null;
      if (waiting === null) this.#told.push(message);
      else waiting(message);
    });
  }

  next(): Promise<string | Buffer> {
    const message = this.#told.shift();
    if (message !== undefined) return Promise.resolve(message);
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  async heard(): Promise<Record<string, unknown>> {
    return JSON.parse(String(await this.next())) as Record<string, unknown>;
  }
}

async function visit(demo: Demo, name = 'Ada', host = '127.0.0.1'): Promise<Visitor> {
  const visitor = new Visitor(`ws://${host}:${demo.port}/ws?name=${encodeURIComponent(name)}`);
  expect(await visitor.heard()).toMatchObject({ type: 'welcome' });
  return visitor;
}

async function closeOf(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return { code, reason: reason.toString('utf8') };
}

describe('startDemo', () => {
  it('lets two people talk, and tells each who comes and goes', async () => {
    const demo = await start();
    const ada = await visit(demo, 'Ada');
    const grace = await visit(demo, 'Grace');
    expect(await ada.heard()).toMatchObject({ type: 'joined', person: { name: 'Grace' } });
    ada.socket.send('{"type":"say","text":"hello","ref":"1"}');
    expect(await grace.heard()).toMatchObject({ type: 'said', from: { name: 'Ada' }, text: 'hello' });
    expect(await ada.heard()).toMatchObject({ type: 'said', text: 'hello', ref: '1' });
    grace.socket.close();
    expect(await ada.heard()).toMatchObject({ type: 'left', person: { name: 'Grace' } });
    expect(demo.people).toBe(1);
  });

  it('takes a text message that is not a request as something to say', async () => {
    const ada = await visit(await start());
    ada.socket.send('good morning');
    expect(await ada.heard()).toMatchObject({ type: 'said', text: 'good morning' });
  });

  it('sends binary messages back to whoever sent them, and to nobody else', async () => {
    const demo = await start();
    const grace = await visit(demo, 'Grace');
    const ada = await visit(demo, 'Ada');
    const bytes = Buffer.from([0, 1, 2, 253, 254, 255]);
    ada.socket.send(bytes);
    expect(await ada.next()).toEqual(bytes);
    ada.socket.send('that is all');
    expect(await grace.heard()).toMatchObject({ type: 'joined' });
    expect(await grace.heard()).toMatchObject({ type: 'said' });
  });

  it('listens on ::1 as well where the machine has it', async () => {
    const probe = createServer().listen(0, '::1');
    const hasIpv6 = await Promise.race([
      once(probe, 'listening').then(() => true),
      once(probe, 'error').then(() => false),
    ]).catch(() => false);
    probe.close();
    if (!hasIpv6) return;
    expect((await visit(await start(), 'Ada', '[::1]')).socket.readyState).toBe(WebSocket.OPEN);
  });

  it('asks those who send too fast to slow down, and closes with 1008 when they do not', async () => {
    const clock = new ManualClock();
    const ada = await visit(await start({ clock }));
    const closed = closeOf(ada.socket);
    for (let n = 0; n < LIMITS.messageBurst + LIMITS.maxRefusals + 1; n++) ada.socket.send('again');
    for (let n = 0; n < LIMITS.messageBurst; n++) expect(await ada.heard()).toMatchObject({ type: 'said' });
    expect(await ada.heard()).toMatchObject({ type: 'refused' });
    expect(await closed).toEqual({ code: 1008, reason: 'too many messages' });
  });

  it('closes with 1009 when a message is too big', async () => {
    const ada = await visit(await start());
    ada.socket.send(Buffer.alloc(LIMITS.maxMessageBytes + 1));
    expect((await closeOf(ada.socket)).code).toBe(1009);
  });

  it('closes with 1002 when a frame is invalid, and lives on', async () => {
    const demo = await start();
    const ada = await visit(demo);
    const raw = connect(demo.port, '127.0.0.1');
    raw.write(
      'GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    expect(await ada.heard()).toMatchObject({ type: 'joined' });
    raw.resume().end(Buffer.from([0xff, 0xff, 0xff]));
    expect(await ada.heard()).toMatchObject({ type: 'left' });
  });

  it('survives a client that resets in the middle of its handshake', async () => {
    const demo = await start();
    const raw = connect(demo.port, '127.0.0.1');
    await once(raw, 'connect');
    raw.write('GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
    raw.resetAndDestroy();
    expect((await visit(demo)).socket.readyState).toBe(WebSocket.OPEN);
  });

  it('answers upgrades elsewhere with 404', async () => {
    const demo = await start();
    const socket = new WebSocket(`ws://127.0.0.1:${demo.port}/elsewhere`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('404');
  });

  it('names the port and what wanted it when the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(start({ port })).rejects.toMatchObject({
      code: 'WSFW_ADDRESS_IN_USE',
      message: expect.stringContaining(`the demo upstream wanted port ${port}`) as unknown,
    });
    other.close();
  });

  it('closes everybody with 1001 when it stops, and lets go of the port', async () => {
    const demo = await start();
    const ada = await visit(demo);
    const closed = closeOf(ada.socket);
    await Promise.all([demo.stop(), demo.stop()]);
    expect(await closed).toEqual({ code: 1001, reason: 'the demo stops' });
    await start({ port: demo.port });
  });

  it('does not wait for those who never answer its close', async () => {
    const clock = new ManualClock();
    const demo = await start({ clock });
    const ada = await visit(demo);
    ada.socket.pause();
    const stopped = demo.stop();
    clock.advance(LIMITS.closeTimeoutMs);
    await stopped;
    expect(clock.pending).toBe(0);
    ada.socket.terminate();
  });
});
