import { expect, it } from 'vitest';
import { forwardingConfig } from '../support/gateway.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
const BLANKS = ' '.repeat(15_000);

it.each([
  ['Sec-WebSocket-Protocol', `a${BLANKS}b`],
  ['Sec-WebSocket-Extensions', `a;${BLANKS}b${BLANKS.slice(0, 500)}c`],
  ['Connection', `a${BLANKS}b, Upgrade`],
])('reads a %s full of blanks as fast as any other', async (name, value) => {
  const server = await bed.upstream();
  const gateway = await bed.gateway(forwardingConfig(server.url()));
  const before = process.cpuUsage();
  await bed.request({ port: gateway.port, headers: [[name, value]] });
  const { user } = process.cpuUsage(before);
  // Time squared was half a second and more.
  expect(user / 1000).toBeLessThan(250);
});
