import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { ConfigError } from '../base/config-error.ts';
import type { Problem } from '../base/problem.ts';
import type { Storage } from '../base/storage.ts';
import type { ComponentEntry } from '../config/config.ts';
import { duration, noConfig } from '../config/values.ts';
import type { Middleware } from '../http/exchange.ts';
import { type Built, buildComponents } from './build-components.ts';
import type { Configured } from './check-components.ts';
import { definePlugin, type Host, type Plugin } from './contract.ts';

const pass: Middleware = (_, next) => next();
const storage: Storage = {
  get: async () => null,
  set: async () => {},
  increment: async () => ({ value: 1, expiresInMs: 0 }),
  delete: async () => false,
};

const use = (id: string, config?: unknown): ComponentEntry => ({ use: id, config, folder: '/etc/gateway' });

function gateway(plugin: Plugin, config: Partial<Configured>, pluginConfig?: unknown) {
  const logger = new RecordingLogger();
  const clock = new ManualClock();
  const entry = { path: './p.js', folder: '/etc/gateway', config: pluginConfig };
  const whole = { plugins: [entry], storages: {}, middlewares: {}, actions: {}, places: {}, ...config };
  const build = (problems: Problem[] = []): Promise<Built> =>
    buildComponents(
      whole,
      { plugins: [{ plugin, entry, index: 0 }], problems },
      { logger, clock, forward: async () => null },
    );
  return { build, logger, clock };
}

async function problemsOf(built: Promise<Built>): Promise<string[]> {
  const error: unknown = await built.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error('there was no ConfigError', { cause: error });
  return error.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A plugin that does what its one middleware's `create` does. */
const withCreate = (create: (host: Host) => Middleware | Promise<Middleware>): Plugin =>
  definePlugin({ name: 'p', middlewares: { M: { config: noConfig, create: ({ host }) => create(host) } } });

const oneMiddleware = { middlewares: { Guard: use('plugins.p.middlewares.M') } };

describe('buildComponents', () => {
  it('builds what is configured, by the names of the configuration', async () => {
    const plugin = definePlugin({
      name: 'p',
      middlewares: { M: { config: noConfig, create: () => pass } },
      actions: {
        Forward: { config: noConfig, upgrades: true, create: () => async () => {} },
        Answer: { config: noConfig, create: () => async () => {} },
      },
      storages: { S: { config: noConfig, create: () => storage } },
    });
    const { build } = gateway(plugin, {
      middlewares: { Guard: use('plugins.p.middlewares.M', null) },
      actions: { One: use('plugins.p.actions.Forward', {}), Two: use('plugins.p.actions.Answer') },
      storages: { Memory: use('plugins.p.storages.S') },
    });
    const built = await build();
    expect(built.middlewares.get('Guard')).toBe(pass);
    expect(built.actions.get('One')?.upgrades).toBe(true);
    expect(built.actions.get('Two')?.upgrades).toBe(false);
    expect(built.storages.get('Memory')).toBe(storage);
  });

  it('hands over the validated configuration, and that of the plugin', async () => {
    const seen: unknown[] = [];
    const plugin = definePlugin({
      name: 'p',
      config: z.strictObject({ realm: z.string().default('here') }),
      middlewares: {
        M: {
          config: z.strictObject({ wait: duration().prefault('30s') }),
          create({ config, pluginConfig }) {
            seen.push(config.wait, pluginConfig.realm);
            return pass;
          },
        },
      },
    });
    await gateway(plugin, { middlewares: { Guard: use('plugins.p.middlewares.M', { wait: '2s' }) } }).build();
    expect(seen).toEqual([2000, 'here']);
  });

  it('waits for a schema that validates asynchronously', async () => {
    const config = z.strictObject({
      name: z.string().refine(async (name) => name === 'right', { error: 'wrong name' }),
    });
    const plugin = definePlugin({ name: 'p', middlewares: { M: { config, create: () => pass } } });
    const { build } = gateway(plugin, {
      middlewares: { Guard: use('plugins.p.middlewares.M', { name: 'left' }) },
    });
    expect(await problemsOf(build())).toEqual(['middlewares.Guard.config.name: wrong name']);
  });

  it('reports the problems of all plugins and components at once', async () => {
    const config = z.strictObject({ limit: z.number() });
    const plugin = definePlugin({
      name: 'p',
      middlewares: { M: { config, create: () => pass } },
      actions: { Act: { config: noConfig, create: () => async () => {} } },
    });
    const { build } = gateway(
      plugin,
      {
        middlewares: {
          A: use('plugins.p.middlewares.M', { limt: 1 }),
          B: use('plugins.p.middlewares.M', { limit: 'x' }),
        },
        actions: { C: use('plugins.p.actions.Akt'), D: use('plugins.other.actions.D'), E: use('Act') },
        storages: { F: use('plugins.p.actions.Act'), G: use('plugins.p.storages.G') },
      },
      { realm: 'x' },
    );
    expect(await problemsOf(build())).toEqual([
      'plugins.0.config: plugin p takes no configuration of its own',
      'middlewares.A.config.limit: required',
      'middlewares.A.config.limt: unknown option. Did you mean limit?',
      'middlewares.B.config.limit: found "x", expected a number',
      'actions.C.use: plugin p has no actions.Akt. Did you mean Act?',
      'actions.D.use: no plugin named other is listed. Add under plugins: `- path: other`.',
      'actions.E.use: "Act" names no component; expected plugins.<plugin>.actions.<Component>',
      'storages.F.use: plugins.p.actions.Act belongs under actions:, not under storages:',
      'storages.G.use: plugin p has no storages.G. It has no storages',
    ]);
  });

  it('does not call a plugin missing that could not be loaded', async () => {
    const failed = { place: null, path: ['plugins', 1, 'path'], message: 'cannot be loaded' };
    const { build } = gateway({ name: 'p' }, { actions: { A: use('plugins.other.actions.X') } });
    expect(await problemsOf(build([failed]))).toEqual(['plugins.1.path: cannot be loaded']);
  });

  it('refuses options that a lenient schema would drop', async () => {
    const config = z.object({ limit: z.number().optional() });
    const plugin = definePlugin({ name: 'p', middlewares: { M: { config, create: () => pass } } });
    const { build } = gateway(plugin, {
      middlewares: { Guard: use('plugins.p.middlewares.M', { limt: 1 }) },
    });
    expect(await problemsOf(build())).toEqual([
      'middlewares.Guard.config.limt: unknown option. Did you mean limit?',
    ]);
  });

  it('leaves a schema alone that takes any option', async () => {
    const config = z.looseObject({ limit: z.number().optional() });
    const plugin = definePlugin({ name: 'p', middlewares: { M: { config, create: () => pass } } });
    const { build } = gateway(plugin, { middlewares: { Guard: use('plugins.p.middlewares.M', { any: 1 }) } });
    await expect(build()).resolves.toBeDefined();
  });

  it('names the plugin and the component whose create throws', async () => {
    const { build } = gateway(
      withCreate(() => {
        throw new Error('the moon is not full');
      }),
      oneMiddleware,
    );
    const error: unknown = await build().catch((thrown: unknown) => thrown);
    const message = 'plugin p: M could not be built: the moon is not full';
    expect(error).toMatchObject({
      code: 'WSFW_CONFIG_INVALID',
      problems: [{ path: ['middlewares', 'Guard', 'config'], message }],
      cause: { code: 'WSFW_PLUGIN_BUILD', message },
    });
  });

  it('places a ConfigError of create at its option', async () => {
    const { build } = gateway(
      withCreate(() => {
        throw ConfigError.at(['tls', 'ca'], 'cannot be read');
      }),
      oneMiddleware,
    );
    expect(await problemsOf(build())).toEqual(['middlewares.Guard.config.tls.ca: cannot be read']);
  });

  it('refuses what is not a middleware, an action or a storage', async () => {
    const wrong = (value: unknown) => ({ config: noConfig, create: () => value as never });
    const plugin = definePlugin({
      name: 'p',
      middlewares: { M: wrong(undefined) },
      storages: { S: wrong({ get() {} }) },
    });
    const middlewares = { Guard: use('plugins.p.middlewares.M') };
    expect(await problemsOf(gateway(plugin, { middlewares }).build())).toEqual([
      'middlewares.Guard.config: plugin p: M could not be built: create returned nothing instead of a function',
    ]);
    expect(
      await problemsOf(gateway(plugin, { storages: { S: use('plugins.p.storages.S') } }).build()),
    ).toEqual([
      'storages.S.config: plugin p: S could not be built: create returned an object without a method set',
    ]);
  });

  it('gives up on a create that never finishes, and disposes of what it opens later', async () => {
    const disposed: string[] = [];
    const { promise: started, resolve: start } = deferred<Host>();
    const { build, clock } = gateway(
      withCreate((host) => {
        start(host);
        return new Promise(() => {});
      }),
      oneMiddleware,
    );
    const problems = problemsOf(build());
    const host = await started;
    clock.advance(10_000);
    expect(await problems).toEqual([
      'middlewares.Guard.config: plugin p: M could not be built: did not finish within 10 s',
    ]);
    const { promise: late, resolve } = deferred<void>();
    host.onDispose(() => {
      disposed.push('late');
      resolve();
    });
    await late;
    expect(disposed).toEqual(['late']);
  });

  it('gathers the warnings of components, with their places', async () => {
    const plugin = definePlugin({
      name: 'p',
      middlewares: {
        M: {
          config: z.strictObject({ limit: z.number() }),
          warnings: ({ limit }) => (limit > 10 ? [{ path: ['limit'], message: 'is high' }] : []),
          create: () => pass,
        },
      },
    });
    const place = { file: 'a.yaml', line: 3, column: 9 };
    const middlewares = {
      A: use('plugins.p.middlewares.M', { limit: 11 }),
      B: use('plugins.p.middlewares.M', { limit: 9 }),
    };
    const places = { [JSON.stringify(['middlewares', 'A', 'config', 'limit'])]: place };
    const { warnings } = await gateway(plugin, { middlewares, places }).build();
    expect(warnings).toEqual([{ place, path: ['middlewares', 'A', 'config', 'limit'], message: 'is high' }]);
  });
});

describe('a host', () => {
  const withStorage = (create: (host: Host) => Middleware): Plugin =>
    definePlugin({
      name: 'p',
      middlewares: { M: { config: noConfig, create: ({ host }) => create(host) } },
      storages: {
        S: { config: noConfig, create: () => storage },
        Nested: {
          config: noConfig,
          create({ host }) {
            return host.storage('Memory');
          },
        },
      },
    });

  it('gives out storages, which are built first', async () => {
    let given: Storage | undefined;
    const plugin = withStorage(({ storage: find }) => {
      given = find('Memory');
      return pass;
    });
    await gateway(plugin, { ...oneMiddleware, storages: { Memory: use('plugins.p.storages.S') } }).build();
    expect(given).toBe(storage);
  });

  it('names the nearest storage when there is none of that name', async () => {
    const plugin = withStorage((host) => {
      host.storage('Memroy');
      return pass;
    });
    const { build } = gateway(plugin, {
      ...oneMiddleware,
      storages: { Memory: use('plugins.p.storages.S') },
    });
    expect(await problemsOf(build())).toEqual([
      'middlewares.Guard.config: no storage is named Memroy. Did you mean Memory?',
    ]);
  });

  it('gives no storage to a storage', async () => {
    const storages = { Memory: use('plugins.p.storages.S'), Other: use('plugins.p.storages.Nested') };
    expect(
      await problemsOf(
        gateway(
          withStorage(() => pass),
          { storages },
        ).build(),
      ),
    ).toEqual(['storages.Other.config: a storage cannot use another storage']);
  });

  it('resolves paths against the folder of the file, and logs under the name of the component', async () => {
    let path = '';
    const { build, logger } = gateway(
      withCreate((host) => {
        path = host.resolvePath('ca.pem');
        host.logger.info({}, 'hello');
        return pass;
      }),
      oneMiddleware,
    );
    await build();
    expect(path).toBe('/etc/gateway/ca.pem');
    expect(logger.lines).toEqual([
      { level: 'info', message: 'hello', fields: { component: 'middlewares.Guard', plugin: 'p' } },
    ]);
  });
});

describe('disposing', () => {
  const disposing = (log: string[]): Plugin =>
    definePlugin({
      name: 'p',
      middlewares: {
        M: {
          config: z.strictObject({ fail: z.boolean().default(false) }),
          create({ config, host }) {
            host.onDispose(() => void log.push('first'));
            host.onDispose(async () => void log.push('second'));
            if (config.fail) throw new Error('no');
            return pass;
          },
        },
      },
      storages: {
        S: {
          config: noConfig,
          create({ host }) {
            host.onDispose(() => void log.push('storage'));
            return storage;
          },
        },
      },
    });

  it('ends components last registered first, storages last, and once', async () => {
    const log: string[] = [];
    const { build } = gateway(disposing(log), {
      ...oneMiddleware,
      storages: { Memory: use('plugins.p.storages.S') },
    });
    const built = await build();
    await Promise.all([built.dispose(), built.dispose()]);
    expect(log).toEqual(['second', 'first', 'storage']);
  });

  it('happens to everything that was built when something fails', async () => {
    const log: string[] = [];
    const { build } = gateway(disposing(log), {
      middlewares: { A: use('plugins.p.middlewares.M'), B: use('plugins.p.middlewares.M', { fail: true }) },
      storages: { Memory: use('plugins.p.storages.S') },
    });
    expect(await problemsOf(build())).toEqual(['middlewares.B.config: plugin p: M could not be built: no']);
    expect(log.sort()).toEqual(['first', 'first', 'second', 'second', 'storage']);
  });

  it('goes on when a disposer throws or hangs, and logs it', async () => {
    const log: string[] = [];
    const { promise: hanging, resolve: hangs } = deferred<void>();
    const { build, logger, clock } = gateway(
      withCreate((host) => {
        host.onDispose(() => void log.push('last'));
        host.onDispose(() => {
          hangs();
          return new Promise(() => {});
        });
        host.onDispose(() => Promise.reject(new Error('stuck')));
        return pass;
      }),
      oneMiddleware,
    );
    const disposed = (await build()).dispose();
    await hanging;
    clock.advance(10_000);
    await disposed;
    expect(log).toEqual(['last']);
    expect(logger.lines.map(({ message }) => message)).toEqual([
      'the component could not be disposed of: stuck',
      'the component could not be disposed of: did not finish within 10 s',
    ]);
    expect(clock.pending).toBe(0);
  });
});

describe('the key of a component', () => {
  const keyOf = async (config: unknown, pluginConfig?: unknown): Promise<string | undefined> => {
    const plugin = definePlugin({
      name: 'p',
      config: z.looseObject({}),
      middlewares: { M: { config: z.looseObject({}), create: () => pass } },
    });
    const middlewares = { Guard: use('plugins.p.middlewares.M', config) };
    return (await gateway(plugin, { middlewares }, pluginConfig).build()).components[0]?.key;
  };

  it('is equal for equal configurations, whatever the order of their options', async () => {
    expect(await keyOf({ a: 1, b: { c: 2, d: 3 } })).toBe(await keyOf({ b: { d: 3, c: 2 }, a: 1 }));
    expect(await keyOf(null)).toBe(await keyOf({}));
  });

  it('differs with any option, of the component or its plugin', async () => {
    const keys = [
      await keyOf({ a: 1 }),
      await keyOf({ a: '1' }),
      await keyOf({ a: [1] }),
      await keyOf({ a: 1 }, { b: 1 }),
    ];
    expect(new Set(keys).size).toBe(4);
  });
});
