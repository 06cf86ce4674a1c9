import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ACTIONS, EXAMPLE, folderWith, MIDDLEWARES, PLUGINS, problemsIn, ROUTES } from './files.suite.ts';
import { loadConfig } from './load.ts';

describe('loadConfig', () => {
  it("reads the example's four files from ./config", async () => {
    const cwd = await folderWith(EXAMPLE);
    const config = await loadConfig(undefined, { cwd });
    expect(config.routes).toEqual([
      {
        name: '/ws/chat',
        path: '/ws/chat',
        methods: ['GET'],
        host: null,
        middlewares: ['CheckWebSocketUpgrade'],
        action: 'ForwardWebSocket',
      },
    ]);
    expect(config.actions['ForwardWebSocket']).toEqual({
      use: 'plugins.wsfw.actions.WebSocketAction',
      config: { pongTimeout: '30s', upstreamEndpoint: 'ws://localhost:8080/ws' },
      folder: join(cwd, 'config'),
    });
    expect(config.plugins).toEqual([
      { path: '/plugins/wsfw.so', config: undefined, folder: join(cwd, 'config') },
    ]);
    expect(config.warnings).toEqual([]);
  });

  it('reads the configuration that comes with the package', async () => {
    const config = await loadConfig(fileURLToPath(new URL('../../config', import.meta.url)));
    expect(config.server.address).toEqual({ host: '127.0.0.1', port: 8090 });
    expect(config.routes.map(({ path }) => path)).toEqual(['/ws/chat']);
    expect(config.warnings).toEqual([]);
  });

  it('fills in every default of the server', async () => {
    const config = await loadConfig('.', { cwd: await folderWith({ 'a.yaml': ACTIONS }) });
    expect(config.server).toEqual({
      address: { host: '0.0.0.0', port: 8090 },
      tls: null,
      workers: 1,
      readTimeoutMs: 10_000,
      idleTimeoutMs: 75_000,
      trustedProxies: [],
      proxyProtocol: false,
      healthRoutes: { live: '/health/live', ready: '/health/ready' },
      strictRouting: false,
      caseSensitive: false,
      disableStartupMessage: false,
      enablePrintRoutes: false,
      appName: 'wsfw',
      serverHeader: '',
      maxPendingHandshakes: 1000,
      drain: { delayMs: 0, periodMs: null, timeoutMs: 30_000, closeCode: 1012 },
      drainChanged: false,
    });
  });

  it('reads ./wsfw.yaml when there is no ./config', async () => {
    const cwd = await folderWith({ 'wsfw.yaml': PLUGINS + MIDDLEWARES + ACTIONS + ROUTES });
    const config = await loadConfig(undefined, { cwd });
    expect(config.routes).toHaveLength(1);
    expect(config.actions['ForwardWebSocket']?.folder).toBe(cwd);
  });

  it('unites several files and folders, and reads a file once that is named twice', async () => {
    const cwd = await folderWith({ ...EXAMPLE, 'more.yml': 'server:\n  address: ":9000"\n' });
    const config = await loadConfig(['config', 'more.yml', './more.yml'], { cwd });
    expect(config.server.address).toEqual({ host: '0.0.0.0', port: 9000 });
    expect(config.routes).toHaveLength(1);
  });

  it('spreads maps over files, and resolves paths against the file that names them', async () => {
    const cwd = await folderWith({
      ...EXAMPLE,
      'config/tls.yaml': 'server:\n  tls: true\n  certFile: tls/cert.pem\n  keyFile: /keys/key.pem\n',
      'server.yaml':
        'server:\n  address: 127.0.0.1:1\nmiddlewares:\nactions:\n  Other:\n    use: plugins.x.actions.Y\n',
    });
    const config = await loadConfig(['config', 'server.yaml'], { cwd });
    expect(config.server.address.port).toBe(1);
    expect(config.server.tls).toEqual({
      certFile: join(cwd, 'config/tls/cert.pem'),
      keyFile: '/keys/key.pem',
    });
    expect(Object.keys(config.actions)).toEqual(['ForwardWebSocket', 'Other']);
    expect(config.actions['Other']?.folder).toBe(cwd);
  });

  it('is frozen all the way down and survives structuredClone', async () => {
    const config = await loadConfig('config', { cwd: await folderWith(EXAMPLE) });
    expect(structuredClone(config)).toEqual(config);
    expect(Object.isFrozen(config.routes[0]?.middlewares)).toBe(true);
    expect(Object.isFrozen(config.actions['ForwardWebSocket']?.config)).toBe(true);
  });

  it('rejects with every problem at once', async () => {
    const cwd = await folderWith({ ...EXAMPLE, 'config/more.yaml': 'rutes: []\nserver:\n  port: 1\n' });
    await expect(loadConfig('config', { cwd })).rejects.toMatchObject({
      code: 'WSFW_CONFIG_INVALID',
      problems: [{ path: ['rutes'] }, { path: ['server', 'port'] }],
    });
  });
});

describe('a configuration that is not there', () => {
  it('names the folder and file that were looked for', async () => {
    const cwd = await folderWith({});
    await expect(loadConfig(undefined, { cwd })).rejects.toMatchObject({
      code: 'WSFW_CONFIG_NOT_FOUND',
      message: expect.stringContaining(
        `no configuration in ${cwd}: neither the folder config nor the file wsfw.yaml`,
      ) as string,
    });
  });

  it('names a path that does not exist, and a folder without files', async () => {
    const cwd = await folderWith({ 'empty/readme.txt': 'x', 'a.yaml': '' });
    await expect(loadConfig('nowhere', { cwd })).rejects.toMatchObject({
      code: 'WSFW_CONFIG_NOT_FOUND',
      message: `There is no configuration at nowhere: ${join(cwd, 'nowhere')} does not exist.`,
    });
    await expect(loadConfig(['a.yaml', 'empty'], { cwd })).rejects.toMatchObject({
      code: 'WSFW_CONFIG_NOT_FOUND',
      message: 'There is no configuration in empty: the folder has no *.yaml or *.yml file.',
    });
  });

  it('is a problem with a place when a file cannot be read', async () => {
    expect(await problemsIn({ 'folder.yaml/x': '', 'a.yaml': ROUTES })).toEqual([
      'folder.yaml:1:1: the file cannot be read: it is a folder',
    ]);
  });
});

describe('empty values', () => {
  it('are as if they were not there', async () => {
    const config = await loadConfig('.', {
      cwd: await folderWith({
        'a.yaml': `server:
  limits:
  tls:
middlewares:
#  Check: x
routes:
globalMiddlewares:
actions:
  A:
    use: plugins.wsfw.actions.WebSocketAction
    config:
      pingInterval:
`,
      }),
    });
    expect(config.server.maxPendingHandshakes).toBe(1000);
    expect(config.server.tls).toBeNull();
    expect(config.middlewares).toEqual({});
    expect(config.actions['A']?.config).toEqual({ pingInterval: undefined });
  });

  it('are named where something is required, and where there is no such option', async () => {
    expect(
      await problemsIn({
        'a.yaml': 'actions:\n  A:\nserver:\n  tlss:\nroutes:\n  - path: /a\n    action:\n  -\n',
      }),
    ).toEqual([
      'a.yaml:2:3  actions.A.use: required',
      'a.yaml:4:3  server.tlss: unknown option. Did you mean tls?',
      'a.yaml:7:5  routes[0].action: required',
      'a.yaml:8:4  routes[1]: found nothing, expected a map',
    ]);
  });

  it('may be a whole file', async () => {
    expect(await problemsIn({ 'a.yaml': '', 'b.yaml': '# nothing\n', 'c.yaml': '---\n' })).toEqual([]);
  });
});

describe('warnings', () => {
  it('name what is legal but surely unwanted', async () => {
    const text = 'server:\n  certFile: a.pem\n  trustedProxies: ["10.0.0.0/8", "0.0.0.0/0"]\n';
    const { warnings } = await loadConfig('.', { cwd: await folderWith({ 'a.yaml': text }) });
    expect(warnings.map(({ place, path }) => [place?.line, place?.column, path.join('.')])).toEqual([
      [2, 13, 'server.certFile'],
      [3, 34, 'server.trustedProxies.1'],
      [undefined, undefined, 'routes'],
    ]);
  });

  it('name routes before which a health route stands', async () => {
    const warningsOf = async (server: string): Promise<readonly string[]> => {
      const text = `server: {${server}}\nactions: {A: {use: plugins.x.actions.Y}}\nroutes:\n  - {path: /health/live, action: A}\n  - {path: /ready, action: A}\n`;
      const { warnings } = await loadConfig('.', { cwd: await folderWith({ 'a.yaml': text }) });
      return warnings.map(({ path, message }) => `${path.join('.')} ${message}`);
    };
    const never = 'path is never reached: the health route of the same path answers';
    expect(await warningsOf('')).toEqual([`routes.0.${never}`]);
    expect(await warningsOf('healthCheckReadyRoute: /ready')).toEqual([
      `routes.0.${never}`,
      `routes.1.${never}`,
    ]);
    expect(await warningsOf('disableHealthCheck: true')).toEqual([]);
  });
});
