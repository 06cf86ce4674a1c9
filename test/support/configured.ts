import { ConfigError } from '../../src/base/config-error.ts';
import { memoryStorages } from '../../src/base/memory-storage.ts';
import type { Problem } from '../../src/base/problem.ts';
import type { Storage } from '../../src/base/storage.ts';
import type { ComponentEntry } from '../../src/config/config.ts';
import { noConfig } from '../../src/config/values.ts';
import { idleForwarding } from '../../src/forward/idle-forwarding.ts';
import { type Built, buildComponents } from '../../src/host/build-components.ts';
import type { Configured } from '../../src/host/check-components.ts';
import { definePlugin, type Host, type Plugin } from '../../src/host/contract.ts';
import type { Middleware } from '../../src/http/exchange.ts';
import { ManualClock } from './manual-clock.ts';
import { RecordingLogger } from './recording-logger.ts';

export const pass: Middleware = (_, next) => next();
export const storage: Storage = {
  get: async () => null,
  set: async () => {},
  increment: async () => ({ value: 1, expiresInMs: 0 }),
  delete: async () => false,
};

export const use = (id: string, config?: unknown): ComponentEntry => ({
  use: id,
  config,
  folder: '/etc/gateway',
});

/** A configuration with one plugin, ready to be built. */
export function configured(plugin: Plugin, config: Partial<Configured>, pluginConfig?: unknown) {
  const logger = new RecordingLogger();
  const clock = new ManualClock();
  const entry = { path: './p.js', folder: '/etc/gateway', config: pluginConfig };
  const whole = { plugins: [entry], storages: {}, middlewares: {}, actions: {}, places: {}, ...config };
  const build = (problems: Problem[] = []): Promise<Built> =>
    buildComponents(
      whole,
      { plugins: [{ plugin, entry, index: 0, file: null }], problems },
      { logger, clock, ...idleForwarding, memory: memoryStorages(clock) },
    );
  return { build, logger, clock };
}

/** What the building complained about. */
export async function problemsOf(built: Promise<Built>): Promise<string[]> {
  const error: unknown = await built.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error('there was no ConfigError', { cause: error });
  return error.problems.map(({ path, message }) => `${path.join('.')}: ${message}`);
}

/** `Promise.withResolvers`, which Node 20 lacks. */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** A plugin that does what its one middleware's `create` does. */
export const withCreate = (create: (host: Host) => Middleware | Promise<Middleware>): Plugin =>
  definePlugin({ name: 'p', middlewares: { M: { config: noConfig, create: ({ host }) => create(host) } } });

export const oneMiddleware = { middlewares: { Guard: use('plugins.p.middlewares.M') } };
