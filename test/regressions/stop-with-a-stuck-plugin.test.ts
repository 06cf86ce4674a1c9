import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createGateway } from '../../src/index.ts';
import { within } from '../support/deadline.ts';
import { forwardingConfig } from '../support/gateway.ts';
import { RecordingLogger } from '../support/recording-logger.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useTestBed } from '../support/test-bed.ts';

const PLUGIN = `export default {
  name: 'stuck',
  middlewares: {
    Stuck: {
      config: { '~standard': { version: 1, vendor: 'stuck', validate: () => ({ value: {} }) } },
      create: () => () => new Promise(() => {}),
    },
  },
};`;

const bed = useTestBed();

it('stops in time although a middleware never comes back to a plain request', async () => {
  const folder = temporaryFolder({ 'stuck.js': PLUGIN, 'package.json': '{"type":"module"}' });
  const logger = new RecordingLogger();
  const gateway = createGateway({
    logger,
    config: {
      ...forwardingConfig('ws://127.0.0.1:1/'),
      server: { address: '127.0.0.1:0', disableStartupMessage: true, drain: { timeout: '100ms' } },
      plugins: [{ path: 'wsfw' }, { path: join(folder, 'stuck.js') }],
      middlewares: { Stuck: { use: 'plugins.stuck.middlewares.Stuck' } },
      routes: [{ path: '/', method: 'GET', action: 'Forward', middlewares: ['Stuck'] }],
    },
  });
  const { port } = await gateway.start();
  const client = await bed.connect({ port });
  client.write('GET / HTTP/1.1\r\nHost: gateway.test\r\n\r\n');
  await new Promise((resolve) => setTimeout(resolve, 50));

  await within(gateway.stop(), 'stop of the gateway');
  expect(logger.lines.map(({ message }) => message)).toContain(
    'a plugin still works on a request whose client is gone: stopped without it',
  );
});
