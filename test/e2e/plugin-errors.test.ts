import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { forwardingConfig } from '../support/gateway.ts';
import { useTestBed } from '../support/test-bed.ts';

const TESTING_PLUGIN = fileURLToPath(new URL('testing-plugin.js', import.meta.url));
const bed = useTestBed();

it('ends a connection whose middleware throws after the 101, and no other', async () => {
  const server = await bed.upstream();
  const base = forwardingConfig(server.url());
  const gateway = await bed.gateway({
    ...base,
    plugins: [{ path: 'wsfw' }, { path: TESTING_PLUGIN }],
    middlewares: {
      Careless: { use: 'plugins.testing.middlewares.ThrowAfter', config: { message: 'too late' } },
    },
    routes: [
      { path: '/', action: 'Forward' },
      { path: '/careless', action: 'Forward', middlewares: ['Careless'] },
    ],
  });
  const other = await bed.open({ port: gateway.port });
  const otherUpstream = await server.next();
  const client = await bed.open({ port: gateway.port, path: '/careless' });
  const upstream = await server.next();

  expect(await client.nextClose()).toEqual({ code: 1011, reason: 'internal error' });
  expect(await upstream.nextClose()).toEqual({ code: 1001, reason: 'internal error' });
  client.sendClose(1011);
  upstream.sendClose(1001);
  upstream.end();
  client.end();
  expect(await gateway.nextCause()).toBe('plugin-error');

  other.sendText('still here');
  expect((await otherUpstream.nextMessage()).payload.toString()).toBe('still here');
});
