import { expect, it } from 'vitest';
import { forwardingConfig } from '../support/gateway.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
const PLAIN = 'GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n';
const EXPECTANT =
  'GET /health/live HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi';

it('puts no 100 into an answer that waits for the one before it', async () => {
  const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/'));
  const client = await bed.connect({ port: gateway.port });
  client.write(PLAIN + EXPECTANT);
  for (let i = 0; i < 2; i++) {
    const answer = await client.readAnswer();
    expect([answer.status, answer.body.toString()]).toEqual([200, '{"status":"up"}']);
  }
  // Whether the body still comes is the client's to decide, so no further request could be told from it.
  expect(await client.tcpEnd()).toBe('fin');
  client.end();
});

it('asks for the body of a request that stands alone', async () => {
  const gateway = await bed.gateway(forwardingConfig('ws://127.0.0.1:1/'));
  const client = await bed.connect({ port: gateway.port });
  client.write(EXPECTANT.slice(0, -2));
  expect((await client.readHead()).startLine).toBe('HTTP/1.1 100 Continue');
  client.write('hi');
  expect((await client.readAnswer()).status).toBe(200);
  client.end();
});
