import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { adviceFor } from './advice.ts';
import { fromObject, readObject } from './load.ts';

const FORWARD = {
  use: 'plugins.wsfw.actions.WebSocketAction',
  config: { upstreamEndpoint: 'ws://localhost:1' },
};
const CHECK = { use: 'plugins.wsfw.middlewares.CheckWebSocketUpgradeMiddleware' };
const LIMIT = { use: 'plugins.limiter.middlewares.LimiterMiddleware' };
const EXAMPLE = {
  plugins: [{ path: 'wsfw' }],
  actions: { Forward: FORWARD },
  routes: [{ path: '/ws', action: 'Forward' }],
};

const messages = (object: unknown): string[] =>
  readObject(object).problems.map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('fromObject', () => {
  it('makes the same configuration of a plain object', () => {
    const config = fromObject(
      { ...EXAMPLE, server: { tls: true, certFile: 'a', keyFile: '/b' } },
      '/etc/wsfw',
    );
    expect(config.server.tls).toEqual({ certFile: resolve('/etc/wsfw/a'), keyFile: '/b' });
    expect(config.actions['Forward']).toEqual({ ...FORWARD, folder: resolve('/etc/wsfw') });
    expect(config.places).toEqual({});
    expect(Object.isFrozen(config)).toBe(true);
    expect(structuredClone(config)).toEqual(config);
  });

  it('neither freezes nor keeps what it was given', () => {
    const given = structuredClone(EXAMPLE);
    const config = fromObject(given);
    given.actions.Forward.config.upstreamEndpoint = 'changed';
    expect(config.actions['Forward']?.config).toEqual(FORWARD.config);
  });

  it.each([
    [{}, 1],
    [{ workers: 3 }, 3],
    [{ workers: '3' }, 3],
    [{ workers: 'auto' }, 'auto'],
    [{ prefork: true }, 'auto'],
    [{ prefork: false }, 1],
    [{ prefork: true, workers: 'auto' }, 'auto'],
    [{ prefork: false, workers: 1 }, 1],
  ])('finds the number of workers in %j', (server, workers) => {
    expect(fromObject({ ...EXAMPLE, server }).server.workers).toBe(workers);
  });

  it('leaves variables alone', () => {
    const config = fromObject({ ...EXAMPLE, server: { appName: `\${NAME}` } });
    expect(config.server.appName).toBe(`\${NAME}`);
  });

  it('throws every problem, without places', () => {
    const wrong = { ...EXAMPLE, server: { readTimeout: 5 }, routes: [{ path: 'x', action: 'Forward' }] };
    expect(() => fromObject(wrong)).toThrow(
      expect.objectContaining({ code: 'WSFW_CONFIG_INVALID' }) as Error,
    );
    expect(messages(wrong)).toEqual([
      'server.readTimeout: found 5, expected a duration with its unit: write 5s',
      'routes.0.path: found "x", expected a path that starts with /',
    ]);
  });

  it('reports what is no plain data, and what contains itself', () => {
    const circle: Record<string, unknown> = {};
    circle['circle'] = circle;
    const given = {
      actions: {
        A: { use: 'plugins.x.actions.Y', config: { f: () => 1, date: new Map(), big: 1n, circle } },
      },
    };
    expect(messages(given)).toEqual([
      expect.stringContaining('actions.A.config.f: found a function, expected plain data'),
      expect.stringContaining('actions.A.config.date: found an instance of a class, expected plain data'),
      expect.stringContaining('actions.A.config.big: found a bigint, expected plain data'),
      expect.stringContaining('nested too deeply, or contains itself'),
    ]);
    expect(messages(JSON.parse('{"__proto__": {"a": 1}}'))).toEqual(['__proto__: this name cannot be used']);
    expect(messages('config')).toEqual([': expected an object with keys such as routes and actions']);
  });
});

describe('what other checks can build on', () => {
  it('is the part without problems', () => {
    const { config, problems } = readObject({
      ...EXAMPLE,
      actions: { Forward: FORWARD, Other: { use: 'x' } },
      routes: [...EXAMPLE.routes, { path: 'b', action: 'Forward' }],
    });
    expect(problems).toHaveLength(2);
    expect(Object.keys(config?.actions ?? {})).toEqual(['Forward']);
    expect(config?.routes).toEqual([]);
  });

  it('is nothing when the plugins are not known', () => {
    expect(readObject({ ...EXAMPLE, plugins: [{}] }).config).toBeNull();
  });
});

describe('adviceFor', () => {
  const advice = (more: object): number => adviceFor(fromObject({ ...EXAMPLE, ...more }, join('/'))).length;
  const withMiddlewares = (middlewares: string[], more: object = {}): object => ({
    middlewares: { Check: CHECK, Limit: LIMIT },
    routes: [{ path: '/ws', action: 'Forward', middlewares }],
    ...more,
  });

  it('names WebSocket routes with no limit at all', () => {
    expect(advice({})).toBe(1);
    expect(advice(withMiddlewares(['Check']))).toBe(1);
    expect(advice(withMiddlewares(['Check', 'Limit']))).toBe(0);
    expect(advice(withMiddlewares(['Check'], { globalMiddlewares: ['Limit'] }))).toBe(0);
  });

  it('takes a maxMessageSize for a limit', () => {
    const sized = (maxMessageSize: unknown): object => ({
      actions: { Forward: { ...FORWARD, config: { ...FORWARD.config, maxMessageSize } } },
    });
    expect(advice(sized('64KiB'))).toBe(0);
    expect(advice(sized(0))).toBe(1);
  });

  it('says nothing of other actions', () => {
    expect(advice({ actions: { Forward: { use: 'plugins.x.actions.Y' } } })).toBe(0);
  });
});
