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
import { ConfigError } from '../base/config-error.ts';
import { duration, noConfig } from '../config/values.ts';
import { definePlugin, type Host } from './contract.ts';

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
    const { build } = configured(plugin, {
      middlewares: { Guard: use('plugins.p.middlewares.M', null) },
      actions: { One: use('plugins.p.actions.Forward', {}), Two: use('plugins.p.actions.Answer') },
      storages: { Memory: use('plugins.p.storages.S') },
    });
    const built = await build();
    expect(built.middlewares.get('Guard')?.value).toBe(pass);
    expect(built.actions.get('One')?.upgrades).toBe(true);
    expect(built.actions.get('Two')?.upgrades).toBe(false);
    expect(built.storages.get('Memory')?.value).toBe(storage);
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
    await configured(plugin, {
      middlewares: { Guard: use('plugins.p.middlewares.M', { wait: '2s' }) },
    }).build();
    expect(seen).toEqual([2000, 'here']);
  });

  it('waits for a schema that validates asynchronously', async () => {
    const config = z.strictObject({
      name: z.string().refine(async (name) => name === 'right', { error: 'wrong name' }),
    });
    const plugin = definePlugin({ name: 'p', middlewares: { M: { config, create: () => pass } } });
    const { build } = configured(plugin, {
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
    const { build } = configured(
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
    const { build } = configured({ name: 'p' }, { actions: { A: use('plugins.other.actions.X') } });
    expect(await problemsOf(build([failed]))).toEqual(['plugins.1.path: cannot be loaded']);
  });

  it('refuses options that a lenient schema would drop', async () => {
    const config = z.object({ limit: z.number().optional() });
    const plugin = definePlugin({ name: 'p', middlewares: { M: { config, create: () => pass } } });
    const { build } = configured(plugin, {
      middlewares: { Guard: use('plugins.p.middlewares.M', { limt: 1 }) },
    });
    expect(await problemsOf(build())).toEqual([
      'middlewares.Guard.config.limt: unknown option. Did you mean limit?',
    ]);
  });

  it('leaves a schema alone that takes any option', async () => {
    const config = z.looseObject({ limit: z.number().optional() });
    const plugin = definePlugin({ name: 'p', middlewares: { M: { config, create: () => pass } } });
    const { build } = configured(plugin, {
      middlewares: { Guard: use('plugins.p.middlewares.M', { any: 1 }) },
    });
    await expect(build()).resolves.toBeDefined();
  });

  it('names the plugin and the component whose create throws', async () => {
    const { build } = configured(
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
    const { build } = configured(
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
    expect(await problemsOf(configured(plugin, { middlewares }).build())).toEqual([
      'middlewares.Guard.config: plugin p: M could not be built: create returned nothing instead of a function',
    ]);
    expect(
      await problemsOf(configured(plugin, { storages: { S: use('plugins.p.storages.S') } }).build()),
    ).toEqual([
      'storages.S.config: plugin p: S could not be built: create returned an object without a method set',
    ]);
  });

  it('gives up on a create that never finishes, and disposes of what it opens later', async () => {
    const disposed: string[] = [];
    const { promise: started, resolve: start } = deferred<Host>();
    const { build, clock } = configured(
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
    const { warnings } = await configured(plugin, { middlewares, places }).build();
    expect(warnings).toEqual([{ place, path: ['middlewares', 'A', 'config', 'limit'], message: 'is high' }]);
  });
});
