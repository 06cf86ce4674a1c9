import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const GATEWAY = 'ws://localhost:8090/ws/chat';

/** `wsfw start` as an operator runs it, on the example's own ports. */
async function startCommand(): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['dist/cli/main.js', 'start', '--log-format', 'json'], { cwd: ROOT });
  child.stderr?.pipe(process.stderr);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await expect.poll(() => output, { timeout: 10_000 }).toContain('listening');
  return child;
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  return socket;
}

async function roundTrip(
  socket: WebSocket,
  message: string | Buffer,
): Promise<{ data: Buffer; isBinary: boolean }> {
  const answer = once(socket, 'message') as Promise<[Buffer, boolean]>;
  socket.send(message);
  const [data, isBinary] = await answer;
  return { data, isBinary };
}

describe('the example of the specification, its files unchanged', () => {
  let upstream: WebSocketServer;
  let command: ChildProcess;

  beforeEach(async () => {
    upstream = new WebSocketServer({ host: '127.0.0.1', port: 8080, path: '/ws' });
    upstream.on('connection', (socket) => {
      socket.on('message', (data: Buffer, isBinary) => socket.send(data, { binary: isBinary }));
    });
    await once(upstream, 'listening');
    command = await startCommand();
  });

  afterEach(async () => {
    if (command.exitCode === null) {
      command.kill('SIGKILL');
      await once(command, 'exit');
    }
    for (const socket of upstream.clients) socket.terminate();
    await new Promise((resolve) => upstream.close(resolve));
  });

  it('carries a text and a binary message to the upstream on port 8080 and back', async () => {
    const socket = await open(GATEWAY);
    expect(await roundTrip(socket, 'hello')).toEqual({ data: Buffer.from('hello'), isBinary: false });
    const bytes = Buffer.from([0, 1, 2, 254, 255]);
    expect(await roundTrip(socket, bytes)).toEqual({ data: bytes, isBinary: true });
    socket.close(1000, 'done');
    expect((await once(socket, 'close'))[0]).toBe(1000);
  });

  it('answers what is not an upgrade with 426', async () => {
    const answer = await fetch('http://localhost:8090/ws/chat', { headers: { connection: 'close' } });
    expect(answer.status).toBe(426);
    expect(answer.headers.get('upgrade')).toBe('websocket');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('closes with 1012 and 1001 and exits 0 on %s', async (signal) => {
    const connected = once(upstream, 'connection') as Promise<[WebSocket]>;
    const socket = await open(GATEWAY);
    const [peer] = await connected;
    const closes = Promise.all([once(socket, 'close'), once(peer, 'close'), once(command, 'exit')]);
    // A terminal and npm both deliver one Ctrl-C.
    command.kill(signal);
    command.kill(signal);
    const [client, server, exit] = await closes;
    expect([client[0], server[0], exit[0]]).toEqual([1012, 1001, 0]);
  });
});

describe('the configuration of this checkout', () => {
  it.each([
    ['plugins.yaml', ['- path: /plugins/wsfw.so']],
    ['middlewares.yaml', ['use: plugins.wsfw.middlewares.CheckWebSocketUpgradeMiddleware']],
    [
      'actions.yaml',
      ['pongTimeout: 30s', 'pingInterval: 10s', 'maxInactivity: 60s', '"ws://localhost:8080/ws"'],
    ],
    [
      'routes.yaml',
      ['- path: "/ws/chat"', 'method: "GET"', '- CheckWebSocketUpgrade', 'action: ForwardWebSocket'],
    ],
  ])('has %s as the specification gives it', async (file, lines) => {
    const text = await readFile(new URL(`../../config/${file}`, import.meta.url), 'utf8');
    for (const line of lines) expect(text).toContain(line);
  });
});
