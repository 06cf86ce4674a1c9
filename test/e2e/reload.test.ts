import { writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, createGateway } from '../../src/index.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import { headersOf } from '../support/http-head.ts';
import { nativeImport } from '../support/native-import.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { settled } from '../support/resources.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
const PLUGIN = fileURLToPath(new URL('../support/lifecycle-plugin.js', import.meta.url));
const { lives } = (await nativeImport(pathToFileURL(PLUGIN).href)) as { lives: string[] };

type Settings = Readonly<Record<string, unknown>>;

const LOCAL = { address: '127.0.0.1:0', disableStartupMessage: true };

/** Routes that forward, each with an action of its own name, whose middlewares may be named behind it. */
function configOf(routes: Readonly<Record<string, Settings>>, server: Settings = {}, others: Settings = {}) {
  const actions: Record<string, unknown> = {};
  for (const [path, config] of Object.entries(routes))
    actions[path.slice(1)] = { use: 'plugins.wsfw.actions.WebSocketAction', config };
  return {
    server: { ...LOCAL, ...server },
    plugins: [{ path: 'wsfw' }, { path: PLUGIN }],
    actions,
    routes: Object.keys(routes).map((path) => ({ path, action: path.slice(1) })),
    ...others,
  };
}

let gateway: StartedGateway;
let upstream: RawUpstream;

async function start(config: (url: string) => Settings): Promise<void> {
  upstream = await bed.upstream();
  gateway = await bed.gateway(config(upstream.url()));
}

async function open(path: string) {
  const client = await bed.open({ port: gateway.port, path });
  return { client, upstream: await upstream.next() };
}

type Pair = Awaited<ReturnType<typeof open>>;

async function expectAlive({ client, upstream: taken }: Pair): Promise<void> {
  client.sendText('still there?');
  expect((await taken.nextMessage()).payload.toString()).toBe('still there?');
}

const statusOf = async (path: string): Promise<number> =>
  (await bed.request({ port: gateway.port, path })).answer.status;

const reload = (config: Settings) => gateway.gateway.reload(config);

beforeEach(() => void lives.splice(0));

describe('a reload', () => {
  it('serves new handshakes with the new configuration, and leaves open connections alone', async () => {
    await start((url) => configOf({ '/same': { upstreamEndpoint: url }, '/old': { upstreamEndpoint: url } }));
    const pairs = [await open('/same'), await open('/old')];
    const upstreamEndpoint = upstream.url();
    const changes = await reload(configOf({ '/same': { upstreamEndpoint }, '/new': { upstreamEndpoint } }));
    expect(changes).toMatchObject({
      routesAdded: ['/new'],
      routesRemoved: ['/old'],
      routesChanged: [],
      componentsBuilt: ['actions.new'],
      componentsRemoved: ['actions.old'],
    });
    expect(gateway.log.lines.filter(({ message }) => message === 'reloaded')).toMatchObject([
      { level: 'info', fields: { routesAdded: ['/new'], routesRemoved: ['/old'] } },
    ]);
    pairs.push(await open('/new'));
    expect(await statusOf('/old')).toBe(404);
    for (const pair of pairs) await expectAlive(pair);
    expect(gateway.stats()).toMatchObject({ connections: 3, opened: 3, refused: 1 });
  });

  it('that finds anything wrong reports all of it, and changes nothing', async () => {
    await start((url) => configOf({ '/a': { upstreamEndpoint: url } }));
    const pair = await open('/a');
    const broken = {
      ...configOf({ '/a': { upstreamEndpoint: 'http://x/' }, '/b': { pingIntervall: '1s' } }),
      server: { ...LOCAL, address: '127.0.0.1:1', readTimeout: '5s', tls: false },
      rutes: [],
    };
    const error: unknown = await reload(broken).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    const keys = (error as ConfigError).problems.map(({ path }) => path.join('.'));
    expect(keys).toEqual(
      expect.arrayContaining([
        'rutes',
        'server.address',
        'actions.a.config.upstreamEndpoint',
        'actions.b.config.pingIntervall',
      ]),
    );
    await expectAlive(pair);
    await expectAlive(await open('/a'));
    expect(await statusOf('/b')).toBe(404);
  });

  it('reports what needs a restart, and leaves a broken address to its own problem', async () => {
    await start((url) => configOf({ '/a': { upstreamEndpoint: url } }));
    const config = (server: Settings) => configOf({ '/a': { upstreamEndpoint: upstream.url() } }, server);
    await expect(
      reload(config({ address: '[::1]:0', tls: true, certFile: '/x', keyFile: '/y' })),
    ).rejects.toThrow(
      /server.address\n {2}needs a restart: the running gateway listens on 127.0.0.1:0[\s\S]*server.tls\n {2}needs a restart: the running gateway listens without TLS/,
    );
    const error: unknown = await reload(config({ address: 'nonsense' })).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ problems: [{ path: ['server', 'address'] }] });
    expect(String(error)).not.toContain('restart');
  });

  it('uses components again that were configured alike, and ends the others with their last connection', async () => {
    const middlewares = (label: string) => ({
      middlewares: {
        Own: { use: 'plugins.lifecycle.middlewares.Pass', config: { label } },
        Other: { use: 'plugins.lifecycle.middlewares.Pass', config: { label: 'other' } },
      },
      globalMiddlewares: ['Own', 'Other'],
    });
    await start((url) => configOf({ '/a': { upstreamEndpoint: url } }, {}, middlewares('one')));
    const config = (label: string) =>
      configOf({ '/a': { upstreamEndpoint: upstream.url() } }, {}, middlewares(label));
    const first = await open('/a');
    await reload(config('one'));
    expect(lives).toEqual(['+one', '+other']);
    expect((await reload(config('two'))).componentsBuilt).toEqual(['middlewares.Own']);
    expect(lives).toEqual(['+one', '+other', '+two']);
    await expectAlive(first);
    first.client.destroy();
    first.upstream.destroy();
    await settled(() => (lives.includes('-one') ? null : 'not disposed of'));
    expect(lives).toEqual(['+one', '+other', '+two', '-one']);
    await reload(config('three'));
    await settled(() => (lives.includes('-two') ? null : 'not disposed of'));
    await gateway.gateway.stop();
    expect(lives.slice(-2).sort()).toEqual(['-other', '-three']);
    expect(lives).toHaveLength(8);
  });

  it('builds a component anew when a file that it was made of has changed', async () => {
    const folder = temporaryFolder({ secret: 'one', other: 'x' });
    const middleware = (label: string, file: string) => ({
      use: 'plugins.lifecycle.middlewares.Pass',
      config: { label, file: `${folder}/${file}` },
    });
    const middlewares = { Own: middleware('own', 'secret'), Other: middleware('other', 'other') };
    const config = (url: string) => configOf({ '/a': { upstreamEndpoint: url } }, {}, { middlewares });
    await start(config);
    writeFileSync(`${folder}/secret`, 'two');
    expect((await reload(config(upstream.url()))).componentsBuilt).toEqual(['middlewares.Own']);
    expect((await reload(config(upstream.url()))).componentsBuilt).toEqual([]);
    await settled(() => (lives.includes('-own') ? null : 'not disposed of'));
    expect(lives).toEqual(['+own', '+other', '+own', '-own']);
  });

  it('builds what uses a storage anew with the storage, and ends the old user before the old storage', async () => {
    const config = (url: string, label: string) =>
      configOf(
        { '/a': { upstreamEndpoint: url } },
        {},
        {
          storages: { Memory: { use: 'plugins.lifecycle.storages.Store', config: { label } } },
          middlewares: {
            User: { use: 'plugins.lifecycle.middlewares.Pass', config: { label: 'user', storage: 'Memory' } },
            Loner: { use: 'plugins.lifecycle.middlewares.Pass', config: { label: 'loner' } },
          },
        },
      );
    await start((url) => config(url, 'one'));
    await reload(config(upstream.url(), 'two'));
    await settled(() => (lives.includes('-one') ? null : 'not disposed of'));
    expect(lives).toEqual(['+one', '+user', '+loner', '+two', '+user', '-user', '-one']);
  });

  it('that fails while it builds disposes of what it built, and of nothing else', async () => {
    const config = (url: string, middlewares: Settings) =>
      configOf({ '/a': { upstreamEndpoint: url } }, {}, { middlewares });
    const pass = (label: string, more: Settings = {}) => ({
      use: 'plugins.lifecycle.middlewares.Pass',
      config: { label, ...more },
    });
    await start((url) => config(url, { A: pass('a') }));
    const broken = config(upstream.url(), { A: pass('a'), B: pass('b'), C: pass('c', { fails: 'no luck' }) });
    await expect(reload(broken)).rejects.toThrow(/middlewares\.C\.config[\s\S]*no luck/);
    expect(lives).toEqual(['+a', '+b', '-b']);
    await expectAlive(await open('/a'));
  });

  it('keeps the counts of a limiter whose options are the same', async () => {
    const config = (url: string, maxRequests: number) => ({
      ...configOf({ '/a': { upstreamEndpoint: url }, '/b': { upstreamEndpoint: url } }),
      plugins: [{ path: 'wsfw' }, { path: 'limiter' }],
      middlewares: {
        Limit: { use: 'plugins.limiter.middlewares.LimiterMiddleware', config: { maxRequests } },
      },
      globalMiddlewares: ['Limit'],
    });
    await start((url) => config(url, 2));
    await open('/a');
    await reload(config(upstream.url(), 2));
    await open('/a');
    expect(await statusOf('/a')).toBe(429);
    await reload(config(upstream.url(), 9));
    await open('/a');
  });

  it('drains the connections of routes and actions that changed, if that is wanted', async () => {
    const same = {
      middlewares: { Own: { use: 'plugins.lifecycle.middlewares.Pass', config: { label: 'x' } } },
    };
    await start((url) =>
      configOf(
        {
          '/same': { upstreamEndpoint: url },
          '/gone': { upstreamEndpoint: url },
          '/action': { upstreamEndpoint: url },
        },
        {},
        { ...same, globalMiddlewares: ['Own'] },
      ),
    );
    const [kept, gone, changed] = [await open('/same'), await open('/gone'), await open('/action')];
    const upstreamEndpoint = upstream.url();
    const actions = {
      '/same': { upstreamEndpoint },
      '/action': { upstreamEndpoint, maxMessageSize: '1KiB' },
    };
    // Other middlewares are for those who come.
    expect(await reload(configOf(actions, { reload: { drainChanged: true } }))).toMatchObject({
      routesChanged: ['/action'],
      routesRemoved: ['/gone'],
      server: ['drainChanged'],
    });
    for (const { client, upstream: taken } of [gone, changed]) {
      expect(await client.nextClose()).toEqual({ code: 1012, reason: 'service restart' });
      expect((await taken.nextClose()).code).toBe(1001);
      client.destroy();
      taken.destroy();
    }
    expect([await gateway.nextCause(), await gateway.nextCause()]).toEqual(['draining', 'draining']);
    await expectAlive(kept);
  });

  it('drains what was left behind earlier, and what was being dialed meanwhile', async () => {
    let accept = (): void => undefined;
    const after = new Promise<void>((resolve) => {
      accept = resolve;
    });
    const slow = await bed.upstream({ handshake: { after } });
    await start((url) =>
      configOf({ '/a': { upstreamEndpoint: url }, '/b': { upstreamEndpoint: slow.url() } }),
    );
    const early = await open('/a');
    const late = await bed.connect({ port: gateway.port });
    late.write(handshakeRequest({ path: '/b' }));
    await settled(() => (slow.connections.length === 1 ? null : 'not dialed'));
    const upstreamEndpoint = upstream.url();
    await reload(configOf({ '/c': { upstreamEndpoint } }));
    await expectAlive(early);
    await reload(configOf({ '/c': { upstreamEndpoint } }, { reload: { drainChanged: true } }));
    expect((await early.client.nextClose()).code).toBe(1012);
    accept();
    expect((await late.readAnswer()).status).toBe(101);
    expect((await late.nextClose()).code).toBe(1012);
    for (const each of [early.client, early.upstream, late, ...slow.connections]) each.destroy();
    await gateway.nextCause();
    await gateway.nextCause();
  });

  it('changes how the listener serves', async () => {
    await start((url) => configOf({ '/a': { upstreamEndpoint: url } }, { serverHeader: 'one' }));
    const later = (server: Settings) => configOf({ '/a': { upstreamEndpoint: upstream.url() } }, server);
    const health = async (path: string) => {
      const client = await bed.connect({ port: gateway.port });
      client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      return client.readAnswer();
    };
    expect(headersOf(await health('/health/live'), 'server')).toEqual(['one']);
    const changes = await reload(
      later({
        serverHeader: 'two',
        healthCheckLiveRoute: '/up',
        trustedProxies: ['127.0.0.1'],
        limits: { maxPendingHandshakes: 1 },
        strictRouting: true,
        readTimeout: '300ms',
        idleTimeout: '1s',
      }),
    );
    expect([...changes.server].sort()).toEqual([
      'healthRoutes',
      'idleTimeoutMs',
      'maxPendingHandshakes',
      'readTimeoutMs',
      'serverHeader',
      'strictRouting',
      'trustedProxies',
    ]);
    const up = await health('/up');
    expect(up.status).toBe(200);
    expect(headersOf(up, 'server')).toEqual(['two']);
    expect((await health('/health/live')).status).toBe(404);
    expect(await statusOf('/a/')).toBe(404);
    const forwarded = await bed.open({
      port: gateway.port,
      path: '/a',
      headers: [['X-Forwarded-For', '203.0.113.9']],
    });
    await upstream.next();
    expect(forwarded.answer.status).toBe(101);
    expect([...gateway.gateway.connections()].at(-1)?.clientAddress).toBe('203.0.113.9');
    const slow = await bed.connect({ port: gateway.port });
    slow.write('GET / HTTP/1.1\r\n');
    expect((await slow.readAnswer()).status).toBe(408);
  });

  it("warns that a plugin's new code comes with a restart", async () => {
    const plugin = (version: number) => `export default { name: 'own', middlewares: {} }; // ${version}`;
    const file = `${temporaryFolder({ 'own.mjs': plugin(1) })}/own.mjs`;
    const config = (url: string) => ({
      ...configOf({ '/a': { upstreamEndpoint: url } }),
      plugins: [{ path: 'wsfw' }, { path: file }],
    });
    await start(config);
    const warnings = async () =>
      (await reload(config(upstream.url()))).warnings.map(({ message }) => message);
    expect(await warnings()).toEqual([]);
    writeFileSync(file, plugin(2));
    const stale = 'was changed after it was loaded: what is new in it comes with a restart';
    expect(await warnings()).toEqual([stale]);
    expect(await warnings()).toEqual([stale]);
    writeFileSync(file, plugin(1));
    expect(await warnings()).toEqual([]);
  });

  it('waits for the one before it', async () => {
    await start((url) => configOf({ '/a': { upstreamEndpoint: url } }));
    const upstreamEndpoint = upstream.url();
    const results = await Promise.allSettled([
      reload(configOf({ '/b': { upstreamEndpoint } })),
      reload({ ...configOf({ '/x': { upstreamEndpoint } }), rutes: [] }),
      reload(configOf({ '/c': { upstreamEndpoint } })),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[2]).toMatchObject({ value: { routesAdded: ['/c'], routesRemoved: ['/b'] } });
    expect(await Promise.all(['/a', '/b', '/x'].map(statusOf))).toEqual([404, 404, 404]);
    await expectAlive(await open('/c'));
  });

  it('is refused before a start and from a stop on, and leaves nothing', async () => {
    const config = forwardingConfig('ws://127.0.0.1:1/', {}, LOCAL);
    const never = createGateway({ config });
    await expect(never.reload(config)).rejects.toMatchObject({ code: 'WSFW_NOT_STARTED' });
    await start((url) => configOf({ '/a': { upstreamEndpoint: url } }));
    const own = {
      middlewares: { Own: { use: 'plugins.lifecycle.middlewares.Pass', config: { label: 'x' } } },
    };
    const underway = reload(configOf({ '/a': { upstreamEndpoint: upstream.url() } }, {}, own));
    const stopped = gateway.gateway.stop();
    await expect(underway).rejects.toMatchObject({ code: 'WSFW_DRAINING' });
    await stopped;
    expect(lives.filter((one) => one === '+x').length).toBe(lives.filter((one) => one === '-x').length);
    await expect(reload(config)).rejects.toMatchObject({ code: 'WSFW_DRAINING' });
  });
});
