import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configured, pass, use } from '../../test/support/configured.ts';
import { definePlugin } from './contract.ts';

describe('the key of a component', () => {
  const keyOf = async (config: unknown, pluginConfig?: unknown): Promise<string | undefined> => {
    const plugin = definePlugin({
      name: 'p',
      config: z.looseObject({}),
      middlewares: { M: { config: z.looseObject({}), create: () => pass } },
    });
    const middlewares = { Guard: use('plugins.p.middlewares.M', config) };
    return (await configured(plugin, { middlewares }, pluginConfig).build()).components[0]?.key;
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
