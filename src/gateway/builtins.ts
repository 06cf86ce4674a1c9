import type { Plugin } from '../host/contract.ts';

/** The plugins that come with the package, loaded when a configuration names them. */
export const BUILTINS: Readonly<Record<string, () => Promise<Plugin>>> = {
  wsfw: async () => (await import('../plugins/wsfw/index.ts')).default,
  limiter: async () => (await import('../plugins/limiter/index.ts')).default,
};
