import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { Exchange } from '../../src/http/exchange.ts';
import { startListener } from '../support/listener-fixture.ts';
import { requestRaw } from '../support/raw-client.ts';

it.each([204, 304])('releases the body that a plugin gives to a %d, which has none', async (status) => {
  const body = new Readable({ read() {} });
  const handle = (exchange: Exchange) => exchange.respond({ status, body });
  const { listener, port } = await startListener([{ path: '/ws', handle }]);
  const { connection, answer } = await requestRaw({ port, path: '/ws' });
  expect({ status: answer.status, released: body.destroyed }).toEqual({ status, released: true });
  connection.destroy();
  await listener.close(0);
});
