import { setImmediate } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { forwardingConfig } from '../support/gateway.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const HEAD = 'HEAD / HTTP/1.1\r\n\r\n';

it.each([
  ['GET', 'a further request', GET, GET],
  ['GET', 'bytes that are no request', GET, 'x'.repeat(50)],
  ['HEAD', 'a further request', HEAD, GET],
])(
  'lets a client read the answer to %s that ends its connection while it goes on with %s',
  async (_, __, first, more) => {
    const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/'));
    const client = await bed.connect({ port: gateway.port });
    client.pause();
    client.write(first);
    for (let i = 0; i < 50; i++) {
      client.write(more);
      await setImmediate();
    }
    client.resume();
    expect((await client.readHead()).startLine).toMatch(/^HTTP\/1.1 4/);
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
  },
);

it.each([
  ['is wrong', 'GET / HTTP/1.1\r\n\r\n', 400],
  ['is no WebSocket', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', 426],
])('answers a request that %s although a handshake comes right behind it', async (_, first, status) => {
  const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/'));
  const client = await bed.connect({ port: gateway.port });
  client.write(first + handshakeRequest());
  expect((await client.readAnswer()).status).toBe(status);
  expect(await client.tcpEnd()).toBe('fin');
  expect(client.unreadBytes).toBe(0);
  client.end();
});
