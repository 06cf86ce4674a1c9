import { cpSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { FakeExchange, HANDSHAKE } from '../../test/support/fake-exchange.ts';
import { nativeImport } from '../../test/support/native-import.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { systemClock } from '../base/clock.ts';
import { silentLogger } from '../base/logger.ts';
import { memoryStorages } from '../base/memory-storage.ts';
import { idleForwarding } from '../forward/idle-forwarding.ts';
import type { Middleware } from '../http/exchange.ts';
import { buildComponents } from './build-components.ts';
import { loadPlugins } from './load-plugins.ts';

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const example = join(checkout, 'examples/plugin-token');

/** Loads the plugin as the gateway would, with the build that an outside author's `import 'wsfw/plugin'` finds. */
async function build(
  path: string,
  folder: string,
  options: unknown,
  importModule = nativeImport,
  use = 'plugins.token.middlewares.TokenMiddleware',
): Promise<Middleware> {
  const config = {
    plugins: [{ path, folder, config: undefined }],
    storages: {},
    middlewares: { Token: { use, config: options, folder } },
    actions: {},
    places: {},
  };
  const loaded = await loadPlugins(config, { builtins: {}, clock: systemClock, importModule });
  const services = {
    logger: silentLogger,
    clock: systemClock,
    ...idleForwarding,
    memory: memoryStorages(systemClock),
  };
  const middleware = (await buildComponents(config, loaded, services)).middlewares.get('Token');
  if (middleware === undefined) throw new Error('there is no middleware Token');
  return middleware.value;
}

async function send(middleware: Middleware, exchange: FakeExchange): Promise<FakeExchange | 'passed'> {
  let passed = false;
  await middleware(exchange, async () => {
    passed = true;
  });
  return passed ? 'passed' : exchange;
}

const users = { users: { alice: 'wonderland', bob: { file: 'bob.token' } } };

describe('the outside plugin of the examples', () => {
  it('loads from a path', async () => {
    const middleware = await build('../token.js', join(example, 'config'), users);
    expect(await send(middleware, new FakeExchange({ target: '/ws/chat?token=builder' }))).toBe('passed');
  });

  it('loads as an installed package, by the manifest of its README', async () => {
    const readme = readFileSync(join(example, 'README.md'), 'utf8');
    const manifest = /```json\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
    const folder = temporaryFolder({
      'config/bob.token': 'builder\n',
      'node_modules/wsfw-plugin-token/package.json': manifest,
    });
    symlinkSync(checkout, join(folder, 'node_modules/wsfw'), 'junction');
    const { files } = JSON.parse(manifest) as { files: string[] };
    for (const file of files)
      cpSync(join(example, file), join(folder, 'node_modules/wsfw-plugin-token', file));
    const middleware = await build('wsfw-plugin-token', join(folder, 'config'), users);
    expect(await send(middleware, new FakeExchange({ target: '/ws/chat?token=builder' }))).toBe('passed');
  });

  it('is told what to install where there is no wsfw', async () => {
    const folder = temporaryFolder();
    cpSync(example, folder, { recursive: true });
    await expect(build('./token.js', folder, users)).rejects.toThrow(`Run \`npm install wsfw\` in ${folder}`);
  });

  it('has its options checked like any other', async () => {
    const wrong = build('../token.js', join(example, 'config'), { users: { 'a b': 'x' }, user: 1 });
    await expect(wrong).rejects.toMatchObject({
      problems: [
        { path: ['middlewares', 'Token', 'config', 'user'], message: 'unknown option. Known: users, realm' },
        { path: ['middlewares', 'Token', 'config', 'users', 'a b'] },
      ],
    });
  });
});

describe('the complete plugin of docs/plugins.md', () => {
  it('works as it stands there', async () => {
    const page = readFileSync(join(checkout, 'docs/plugins.md'), 'utf8');
    const source = /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const folder = temporaryFolder({
      // As `npm init -y` writes it.
      'package.json': '{ "type": "commonjs" }',
      'origin.mjs': source,
      'node_modules/x': '',
    });
    symlinkSync(checkout, join(folder, 'node_modules/wsfw'), 'junction');
    symlinkSync(join(checkout, 'node_modules/zod'), join(folder, 'node_modules/zod'), 'junction');
    const use = 'plugins.origin.middlewares.OriginMiddleware';
    const middleware = await build(
      './origin.mjs',
      folder,
      { allow: ['https://example.com'] },
      nativeImport,
      use,
    );

    const from = (origin: string) => new FakeExchange({ headers: [...HANDSHAKE, ['Origin', origin]] });
    expect(await send(middleware, from('https://example.com'))).toBe('passed');
    expect(await send(middleware, from('https://example.org'))).toMatchObject({ answer: { status: 403 } });
  });
});

// The two are one plugin in two languages: what holds for one holds for the other.
describe.each([
  ['token.js', nativeImport],
  ['token.ts', (url: string): Promise<unknown> => import(url)],
])('%s', (file, importModule) => {
  const middleware = () => build(`../${file}`, join(example, 'config'), users, importModule);

  it('takes a bearer token, names the user and keeps the token from the upstream', async () => {
    const headers = [...HANDSHAKE, ['Authorization', 'Bearer wonderland'], ['X-User', 'root']] as const;
    const exchange = new FakeExchange({ headers });
    expect(await send(await middleware(), exchange)).toBe('passed');
    expect(exchange.outgoing.headers.getAll('X-User')).toEqual(['alice']);
    expect(exchange.outgoing.headers.has('Authorization')).toBe(false);
  });

  it('takes a token from the query, and leaves the rest of the query as it was', async () => {
    const exchange = new FakeExchange({ target: '/ws/chat?a=%2f&token=wonderl%61nd&b' });
    expect(await send(await middleware(), exchange)).toBe('passed');
    expect(exchange.outgoing.query).toBe('a=%2f&b');
  });

  it.each([
    '/ws/chat',
    '/ws/chat?token=',
    '/ws/chat?token=%',
    '/ws/chat?token=guess',
    '/ws/chat?tokens=wonderland',
  ])('refuses %s', async (target) => {
    const exchange = new FakeExchange({ target });
    expect(await send(await middleware(), exchange)).toBe(exchange);
    expect(exchange.answer?.status).toBe(401);
    expect(exchange.answerHeader('WWW-Authenticate')).toBe('Bearer realm="gateway"');
  });
});
