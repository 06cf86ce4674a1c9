import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws';
import { within } from '../support/deadline.ts';
import { forwardingConfig } from '../support/gateway.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();

const SETTINGS: readonly [string, PerMessageDeflateOptions][] = [
  ['context takeover both ways', {}],
  ['no context takeover at the server', { serverNoContextTakeover: true }],
  ['no context takeover at the client', { clientNoContextTakeover: true }],
  ['no context takeover at all', { serverNoContextTakeover: true, clientNoContextTakeover: true }],
  ['small windows', { serverMaxWindowBits: 9, clientMaxWindowBits: 9 }],
];

describe.each(SETTINGS)('permessage-deflate between the ends, %s', (_, settings) => {
  it('is agreed between them and carries messages that compress well, badly and not at all', async () => {
    const { client } = await openPair({ ...settings, threshold: 0 });
    expect(client.extensions).toContain('permessage-deflate');
    for (const message of MESSAGES) await expectEcho(client, message);
  });

  it('carries fragmented messages with pings between the fragments', async () => {
    const { client } = await openPair({ ...settings, threshold: 0 });
    const parts = Array.from({ length: 5 }, (_, i) => Buffer.alloc(20_000, `part ${i} `));
    const answer = once(client, 'message');
    for (const [i, part] of parts.entries()) {
      client.send(part, { binary: true, compress: true, fin: i === parts.length - 1 });
      client.ping(`between ${i}`);
    }
    const [message] = (await within(answer, 'echo of the fragments')) as [Buffer];
    expect(message.equals(Buffer.concat(parts))).toBe(true);
  });

  it('carries compressed and plain messages in turn', async () => {
    const { client } = await openPair({ ...settings, threshold: 1000 });
    for (const size of [10, 5000, 10, 5000]) {
      await expectEcho(client, Buffer.alloc(size, 'abc'));
    }
  });
});

describe('permessage-deflate', () => {
  it('is not agreed when the upstream does not want it', async () => {
    const { client } = await openPair(false);
    expect(client.extensions).toBe('');
    await expectEcho(client, Buffer.from('plain'));
  });

  it('is not agreed when the client does not offer it', async () => {
    const { client } = await openPair({ threshold: 0 }, false);
    expect(client.extensions).toBe('');
    await expectEcho(client, Buffer.from('plain'));
  });
});

const MESSAGES: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from('a'),
  Buffer.from('the same words over and over, '.repeat(50)),
  Buffer.from('the same words over and over, '.repeat(50)),
  Buffer.alloc(200_000, 'z'),
  noise(70_000),
  Buffer.from('the same words over and over, '.repeat(50)),
];

async function openPair(
  settings: PerMessageDeflateOptions | false,
  offer: PerMessageDeflateOptions | boolean = settings === false ? true : settings,
): Promise<{ client: WebSocket }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: settings });
  server.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.on('message', (data, binary) => socket.send(data as Buffer, { binary }));
  });
  await within(once(server, 'listening'), 'listening upstream');
  const gateway = await bed.gateway(
    forwardingConfig(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`),
  );
  const client = new WebSocket(`ws://127.0.0.1:${gateway.port}/`, { perMessageDeflate: offer });
  bed.after(() => stop(client, server));
  await within(once(client, 'open'), 'open client');
  return { client };
}

/** A close in good order: `ws` would report anything that went wrong with its streams. */
async function stop(client: WebSocket, server: WebSocketServer): Promise<void> {
  if (client.readyState === WebSocket.OPEN) {
    const closed = once(client, 'close');
    client.close(1000);
    const [code] = (await within(closed, 'close of the client')) as [number];
    if (code !== 1000) throw new Error(`the client was closed with ${code}`);
  }
  client.terminate();
  await new Promise((resolve) => server.close(resolve));
}

async function expectEcho(client: WebSocket, message: Buffer): Promise<void> {
  const answer = once(client, 'message');
  client.send(message, { binary: true });
  const [data] = (await within(answer, `echo of ${message.length} bytes`)) as [Buffer];
  expect(data.equals(message), `echo of ${message.length} bytes`).toBe(true);
}

/** Bytes that do not compress, the same on every run. */
function noise(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 42;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
