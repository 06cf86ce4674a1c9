// Compiled by `npm run types`, never run: what an author of a plugin is told by the compiler.
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import {
  type Action,
  byteSize,
  type Connection,
  definePlugin,
  duration,
  type Exchange,
  type Host,
  type Middleware,
  noConfig,
  type Plugin,
  type Secret,
  type StandardSchemaV1,
  type Storage,
  secret,
} from '../../src/plugin.ts';

declare const middleware: Middleware;
declare const action: Action;
declare const storage: Storage;
declare const handWritten: StandardSchemaV1<{ words?: string[] }, { words: string[] }>;

const everything = definePlugin({
  name: 'everything',
  config: z.strictObject({ realm: z.string() }),
  middlewares: {
    // The configuration's type comes from the schema, with its transforms and defaults.
    Zod: {
      config: z.strictObject({
        wait: duration().prefault('30s'),
        size: byteSize().optional(),
        key: secret(),
        mode: z.enum(['a', 'b']).default('a'),
      }),
      warnings(config) {
        expectTypeOf(config.wait).toEqualTypeOf<number>();
        return [{ path: ['wait'], message: 'is long' }];
      },
      create({ config, pluginConfig, host }) {
        expectTypeOf(config.wait).toEqualTypeOf<number>();
        expectTypeOf(config.size).toEqualTypeOf<number | undefined>();
        expectTypeOf(config.key).toEqualTypeOf<Secret>();
        expectTypeOf(config.mode).toEqualTypeOf<'a' | 'b'>();
        expectTypeOf(pluginConfig).toEqualTypeOf<{ realm: string }>();
        expectTypeOf(host).toEqualTypeOf<Host>();
        return middleware;
      },
    },
    // Beside another of another type: neither collapses to a common one.
    Standard: {
      config: handWritten,
      create({ config }) {
        expectTypeOf(config).toEqualTypeOf<{ words: string[] }>();
        return async (exchange, next) => {
          expectTypeOf(exchange).toEqualTypeOf<Exchange>();
          expectTypeOf(exchange.locals.get('x')).toEqualTypeOf<unknown>();
          expectTypeOf(next).toEqualTypeOf<() => Promise<void>>();
          await next();
        };
      },
    },
    Async: {
      config: noConfig,
      async create({ config }) {
        expectTypeOf(config).toEqualTypeOf<Record<string, never>>();
        return middleware;
      },
    },
  },
  actions: {
    Forward: {
      config: z.strictObject({ url: z.string() }),
      upgrades: true,
      create({ config, pluginConfig, host }) {
        expectTypeOf(config).toEqualTypeOf<{ url: string }>();
        expectTypeOf(pluginConfig.realm).toEqualTypeOf<string>();
        return async (exchange) => {
          const forwarded = host.forward(exchange, {} as Parameters<Host['forward']>[1]);
          expectTypeOf(forwarded).resolves.toEqualTypeOf<Connection | null>();
          await forwarded;
        };
      },
    },
  },
  storages: {
    Memory: {
      config: z.strictObject({ size: byteSize() }),
      create({ config }) {
        expectTypeOf(config.size).toEqualTypeOf<number>();
        return storage;
      },
    },
  },
});
expectTypeOf(everything).toEqualTypeOf<Plugin>();

// A plugin without a configuration of its own gets none.
definePlugin({
  name: 'plain',
  actions: {
    Act: {
      config: noConfig,
      create({ pluginConfig }) {
        expectTypeOf(pluginConfig).toEqualTypeOf<undefined>();
        return action;
      },
    },
  },
});

// A component's schema is required: without it the configuration's type would be lost.
definePlugin({
  name: 'wrong',
  // @ts-expect-error config is missing
  middlewares: { NoSchema: { create: () => middleware } },
});

definePlugin({
  name: 'wrong',
  // @ts-expect-error a string is not a middleware
  middlewares: { WrongReturn: { config: noConfig, create: () => 'middleware' } },
});

definePlugin({
  name: 'wrong',
  // @ts-expect-error a middleware is not a storage
  storages: { WrongKind: { config: noConfig, create: () => middleware } },
});

definePlugin({
  name: 'wrong',
  actions: {
    Option: {
      config: z.strictObject({ limit: z.number() }),
      create({ config }) {
        // @ts-expect-error there is no such option
        void config.limitt;
        return action;
      },
    },
  },
});

definePlugin({
  name: 'wrong',
  // @ts-expect-error there is no such kind of component
  filters: {},
});

// @ts-expect-error a plugin has a name
definePlugin({});

declare const exchange: Exchange;
// @ts-expect-error what was received stays as it was; change `outgoing.headers`
exchange.method = 'POST';
// @ts-expect-error the client's address is not the plugin's to change
exchange.client.address = '';
exchange.outgoing.query = 'a=b';
