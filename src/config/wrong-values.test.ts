import { describe, expect, it } from 'vitest';
import { folderWith, problemsIn } from './files.suite.ts';
import { loadConfig } from './load.ts';

describe('wrong values', () => {
  const inServer = async (line: string): Promise<string[]> =>
    problemsIn({ 'a.yaml': `server:\n  ${line}\n` });

  it.each([
    [
      'address: localhost',
      12,
      'server.address: found "localhost", expected host:port, such as 127.0.0.1:8090, :8090 or [::1]:8090',
    ],
    [
      'address: 8090',
      12,
      'server.address: found 8090, expected host:port, such as 127.0.0.1:8090, :8090 or [::1]:8090',
    ],
    [
      'address: localhost:70000',
      12,
      'server.address: found "localhost:70000", expected a port from 0 to 65535',
    ],
    ['address: "[::g]:1"', 12, 'server.address: found "[::g]:1", expected an IPv6 address between [ and ]'],
    ['readTimeout: 30', 16, 'server.readTimeout: found 30, expected a duration with its unit: write 30s'],
    ['readTimeout: 0', 16, 'server.readTimeout: found 0, expected more than 0'],
    [
      'readTimeout: soon',
      16,
      'server.readTimeout: found "soon", expected a duration such as 250ms, 30s, 1m30s or 2h',
    ],
    ['readTimeout: [1s]', 3, 'server.readTimeout: found a list, expected a duration such as 30s'],
    ['strictRouting: "yes"', 18, 'server.strictRouting: found "yes", expected true or false'],
    ['trustedProxies: 10.0.0.1', 19, 'server.trustedProxies: found "10.0.0.1", expected a list'],
    [
      'trustedProxies: [10.0.0.0/33]',
      20,
      'server.trustedProxies[0]: found "10.0.0.0/33", expected an IP address or a range such as 10.0.0.0/8',
    ],
    [
      'healthCheckLiveRoute: /:a',
      25,
      'server.healthCheckLiveRoute: found "/:a", expected a path without parameters and wildcards',
    ],
    [
      'healthCheckLiveRoute: /health/ready',
      3,
      'server.healthCheckReadyRoute: expected another path than healthCheckLiveRoute',
    ],
    [
      'drain: {closeCode: 1000}',
      22,
      'server.drain.closeCode: found 1000, expected 1001, 1012, 1013, or a code from 3000 to 4999',
    ],
    [
      'proxyProtocol: true',
      18,
      'server.proxyProtocol: needs trustedProxies: who may say whose a connection is',
    ],
    ['workers: 0', 12, 'server.workers: found 0, expected a number from 1 to 999, or auto'],
    ['workers: many', 12, 'server.workers: found "many", expected a number from 1 to 999, or auto'],
    ['prefork: 2', 12, 'server.prefork: found 2, expected true or false'],
    [
      'limits: {maxPendingHandshakes: 0}',
      34,
      'server.limits.maxPendingHandshakes: found 0, expected a number of at least 1',
    ],
    [
      'limits: {maxPendingHandshakes: 1.5}',
      34,
      'server.limits.maxPendingHandshakes: found 1.5, expected a whole number',
    ],
    [
      'limits: {maxPendingHandshake: 5}',
      12,
      'server.limits.maxPendingHandshake: unknown option. Did you mean maxPendingHandshakes?',
    ],
    ['drain: 5s', 10, 'server.drain: found "5s", expected a map'],
    ['appName: ""', 12, 'server.appName: must not be empty'],
    ['serverHeader: "a\\nb"', 17, 'server.serverHeader: found "a\\nb", expected visible ASCII characters'],
  ])('server: %s', async (line, column, expected) => {
    const first = expected.startsWith('server.healthCheckReadyRoute') ? 1 : 2;
    const at = first === 1 ? 1 : column;
    expect(await inServer(line)).toEqual([`a.yaml:${first}:${at}  ${expected}`]);
  });

  it('reports a certificate without its key', async () => {
    expect(await inServer('{tls: true, certFile: a.pem}'.slice(1, -1).replaceAll(', ', '\n  '))).toEqual([
      'a.yaml:1:1  server.keyFile: required, since tls is true',
    ]);
  });

  it('reports top-level keys and options that do not exist', async () => {
    expect(await problemsIn({ 'a.yaml': 'action: {}\nbanana: 1\nplugins:\n  - pth: wsfw\n' })).toEqual([
      'a.yaml:1:1  action: unknown option. Did you mean actions?',
      'a.yaml:2:1  banana: unknown option. Known: server, plugins, storages, middlewares, globalMiddlewares, actions, routes',
      'a.yaml:4:5  plugins[0].path: required',
      'a.yaml:4:5  plugins[0].pth: unknown option. Did you mean path?',
    ]);
  });

  it('shows how to list a plugin', async () => {
    expect(await problemsIn({ 'a.yaml': 'plugins: [wsfw, {path: 5, pth: x}]\n' })).toEqual([
      'a.yaml:1:11  plugins[0]: found "wsfw", expected a map with a path, as in - path: wsfw',
      'a.yaml:1:24  plugins[1].path: found 5, expected a text',
      'a.yaml:1:27  plugins[1].pth: unknown option. Did you mean path?',
    ]);
  });

  it('reports sections of the wrong kind', async () => {
    expect(await problemsIn({ 'a.yaml': 'actions: []\nroutes: {}\nserver: on\nplugins: wsfw\n' })).toEqual([
      'a.yaml:1:1  actions: found a list, expected a map of names',
      'a.yaml:2:1  routes: found a map, expected a list',
      'a.yaml:3:9  server: found "on", expected a map',
      'a.yaml:4:10  plugins: found "wsfw", expected a list',
    ]);
  });

  const inRoute = async (line: string): Promise<string[]> =>
    problemsIn({
      'a.yaml': `actions: {A: {use: plugins.x.actions.Y}}\nroutes:\n  - action: A\n    path: /a\n    ${line}\n`,
    });

  it.each([
    [
      'method: GTE',
      '5:13  routes[0].method: found "GTE", expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT, all. Did you mean GET?',
    ],
    [
      'methods: [GET, 5]',
      '5:20  routes[0].methods[1]: found 5, expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT, all',
    ],
    [
      'methods: GRT',
      '5:14  routes[0].methods: found "GRT", expected one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, TRACE, CONNECT, all. Did you mean GET?',
    ],
    ['methods: []', '5:5  routes[0].methods: must not be empty'],
    [
      'host: "example.com:80"',
      '5:11  routes[0].host: found "example.com:80", expected a host name without a port, such as example.com or *.example.com',
    ],
    ['middleware: [x]', '5:5  routes[0].middleware: unknown option. Did you mean middlewares?'],
    ['middlewares: Check', '5:18  routes[0].middlewares: found "Check", expected a list'],
  ])('route: %s', async (line, expected) => {
    expect(await inRoute(line)).toEqual([`a.yaml:${expected}`]);
  });

  it.each([
    ['true', '2', 'prefork: true is workers: auto'],
    ['false', 'auto', 'prefork: false is workers: 1'],
  ])('reports prefork: %s beside workers: %s', async (prefork, workers, meant) => {
    const text = `server:\n  prefork: ${prefork}\n  workers: ${workers}\n`;
    expect(await problemsIn({ 'a.yaml': text })).toEqual([
      `a.yaml:2:12  server.prefork: contradicts workers: ${meant}. Give only one of them`,
    ]);
  });

  it('reports method beside methods', async () => {
    expect(await inRoute('method: GET\n    methods: [GET]')).toEqual([
      'a.yaml:6:5  routes[0].methods: stands beside method: write one of them',
    ]);
  });

  it.each([
    ['a', 'expected a path that starts with /'],
    ['/a?b=1', 'expected a path without query or fragment'],
    ['/a b', 'expected a path of visible ASCII characters; percent-encode the others'],
    ['/*/a', 'expected * only as the whole last segment, as in /ws/*'],
    ['/a*', 'expected * only as the whole last segment, as in /ws/*'],
    ['/**', 'expected * only as the whole last segment, as in /ws/*'],
    ['/a/:', 'expected parameters as whole segments, as in /rooms/:id'],
    ['/a/x:id', 'expected parameters as whole segments, as in /rooms/:id'],
    ['/a/:id.json', 'expected parameters as whole segments, as in /rooms/:id'],
    ['/:id/:id', 'expected every parameter to have a name of its own'],
  ])('path: %s', async (path, expected) => {
    const problems = await problemsIn({
      'a.yaml': `actions: {A: {use: plugins.x.actions.Y}}\nroutes:\n  - action: A\n    path: "${path}"\n`,
    });
    expect(problems).toEqual([`a.yaml:4:11  routes[0].path: found "${path}", ${expected}`]);
  });

  it('takes methods in any case, and all of them', async () => {
    const text =
      'actions: {A: {use: plugins.x.actions.Y}}\nroutes:\n  - {path: /a, action: A, methods: [get, Post, GET]}\n  - {path: /b, action: A, methods: ALL}\n  - {path: "/c/*", action: A, host: "*.Example.com"}\n';
    const { routes } = await loadConfig('.', { cwd: await folderWith({ 'a.yaml': text }) });
    expect(routes.map((route) => route.methods)).toEqual([['GET', 'POST'], ['*'], ['*']]);
    expect(routes[2]?.host).toBe('*.example.com');
  });

  it.each([
    [
      'actions',
      'plugins.x.middlewares.Y',
      "expected one of a plugin's actions: plugins.<plugin>.actions.<Component>",
    ],
    ['storages', 'memory', 'expected plugins.<plugin>.storages.<Component>'],
  ])('%s: use: %s', async (kind, use, expected) => {
    expect(await problemsIn({ 'a.yaml': `${kind}:\n  A:\n    use: ${use}\n` })).toEqual([
      `a.yaml:3:10  ${kind}.A.use: found "${use}", ${expected}`,
    ]);
  });
});
