import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  configured,
  deferred,
  oneMiddleware,
  pass,
  problemsOf,
  storage,
  use,
  withCreate,
} from '../../test/support/configured.ts';
import type { Storage } from '../base/storage.ts';
import { noConfig } from '../config/values.ts';
import type { Middleware } from '../http/exchange.ts';
import { definePlugin, type Host, type Plugin } from './contract.ts';

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
    await configured(plugin, { ...oneMiddleware, storages: { Memory: use('plugins.p.storages.S') } }).build();
    expect(given).toBe(storage);
  });

  it('gives out no storage that is disposed of', async () => {
    let ask: () => Storage = () => storage;
    const plugin = withStorage((host) => {
      ask = () => host.storage('Memory');
      return pass;
    });
    const storages = { Memory: use('plugins.p.storages.S') };
    const built = await configured(plugin, { ...oneMiddleware, storages }).build();
    built.middlewares.get('Guard')?.retain();
    await built.release();
    expect(ask).toThrow('storages.Memory is not at work any more');
  });

  it('names the nearest storage when there is none of that name', async () => {
    const plugin = withStorage((host) => {
      host.storage('Memroy');
      return pass;
    });
    const { build } = configured(plugin, {
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
        configured(
          withStorage(() => pass),
          { storages },
        ).build(),
      ),
    ).toEqual(['storages.Other.config: a storage cannot use another storage']);
  });

  it('resolves paths against the folder of the file, and logs under the name of the component', async () => {
    let path = '';
    const { build, logger } = configured(
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
    const { build } = configured(disposing(log), {
      ...oneMiddleware,
      storages: { Memory: use('plugins.p.storages.S') },
    });
    const built = await build();
    await Promise.all([built.release(), built.release()]);
    expect(log).toEqual(['second', 'first', 'storage']);
  });

  it('happens to everything that was built when something fails', async () => {
    const log: string[] = [];
    const { build } = configured(disposing(log), {
      middlewares: { A: use('plugins.p.middlewares.M'), B: use('plugins.p.middlewares.M', { fail: true }) },
      storages: { Memory: use('plugins.p.storages.S') },
    });
    expect(await problemsOf(build())).toEqual(['middlewares.B.config: plugin p: M could not be built: no']);
    expect(log.sort()).toEqual(['first', 'first', 'second', 'second', 'storage']);
  });

  it('goes on when a disposer throws or hangs, and logs it', async () => {
    const log: string[] = [];
    const { promise: hanging, resolve: hangs } = deferred<void>();
    const { build, logger, clock } = configured(
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
    const disposed = (await build()).release();
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
