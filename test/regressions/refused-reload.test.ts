import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readObject } from '../../src/config/load.ts';
import { ConfiguredGateway } from '../../src/gateway/gateway.ts';
import { forwardingConfig } from '../support/gateway.ts';
import { requestRaw } from '../support/raw-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

// Its middleware answers with what the storage says of itself, which it asks for at each request.
const PLUGIN = `const config = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };
export default {
  name: 'lazy',
  middlewares: {
    Lazy: {
      config,
      create: ({ host }) => async (exchange) =>
        exchange.respond({ status: 200, body: await host.storage('S').get('') }),
    },
  },
  storages: {
    Store: {
      config,
      create({ config, host }) {
        let state = 'at work';
        host.onDispose(() => { state = 'disposed of'; });
        return { get: async () => config.label + ' is ' + state, set() {}, increment() {}, delete() {} };
      },
    },
  },
};`;

const read = (folder: string, label: string) => () =>
  readObject({
    ...forwardingConfig('ws://127.0.0.1:1/'),
    server: { address: '127.0.0.1:0', disableStartupMessage: true },
    plugins: [{ path: 'wsfw' }, { path: join(folder, 'lazy.js') }],
    storages: { S: { use: 'plugins.lazy.storages.Store', config: { label } } },
    middlewares: { Lazy: { use: 'plugins.lazy.middlewares.Lazy', config: {} } },
    globalMiddlewares: ['Lazy'],
  });

it('gives components the storages of a later configuration when that is put to work, and only then', async () => {
  const folder = temporaryFolder({ 'lazy.js': PLUGIN, 'package.json': '{"type":"module"}' });
  const gateway = new ConfiguredGateway(read(folder, 'one')(), {});
  const { port } = await gateway.start();
  const ask = async (): Promise<string> => {
    const { connection, answer } = await requestRaw({ port });
    connection.destroy();
    return answer.body.toString();
  };
  const answers: string[] = [];
  const refuse = async () => {
    answers.push(await ask());
    throw new Error('not agreed');
  };
  await expect(gateway.reloadReading(read(folder, 'two'), refuse)).rejects.toThrow('not agreed');
  answers.push(await ask());
  await gateway.reloadReading(read(folder, 'three'));
  answers.push(await ask());
  await gateway.stop();
  expect(answers).toEqual(['one is at work', 'one is at work', 'three is at work']);
});
