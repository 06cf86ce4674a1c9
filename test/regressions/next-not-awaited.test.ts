import { expect, it } from 'vitest';
import { compose } from '../../src/http/compose.ts';
import { acceptor, startListener } from '../support/listener-fixture.ts';
import { requestRaw } from '../support/raw-client.ts';

it('says what may be wrong when a middleware calls next() and does not wait for it', async () => {
  const slow = acceptor();
  const handle = compose([async (_, next) => void next()], async (exchange) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (!exchange.answered) await slow.handle(exchange);
  });
  const { listener, port, logger } = await startListener([{ path: '/ws', handle }]);
  const { connection, answer } = await requestRaw({ port, path: '/ws' });
  expect(answer.status).toBe(500);
  expect(logger.lines.map(({ message }) => message)).toContainEqual(
    expect.stringContaining('without calling next() or waiting for it'),
  );
  connection.destroy();
  await listener.close(0);
});
