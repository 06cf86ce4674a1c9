import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { useTestBed } from '../support/test-bed.ts';

const TESTING_PLUGIN = fileURLToPath(new URL('../e2e/testing-plugin.js', import.meta.url));
const bed = useTestBed();

it('answers 408 when a body does not come within readTimeout, although the action waits for it', async () => {
  const gateway = await bed.gateway({
    server: { readTimeout: '300ms' },
    plugins: [{ path: TESTING_PLUGIN }],
    actions: { Show: { use: 'plugins.testing.actions.Show' } },
    routes: [{ path: '/', action: 'Show' }],
  });
  const client = await bed.connect({ port: gateway.port });
  client.write(Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf'));
  const answer = await client.readAnswer();
  expect(answer.status).toBe(408);
  expect(await client.tcpEnd()).toBe('fin');
  client.end();
});
