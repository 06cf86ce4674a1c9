import { z } from 'zod';
import type { KeyPath, Problem } from '../base/problem.ts';
import type { ComponentEntry, Config, Origin, RouteEntry, ServerConfig } from './config.ts';
import { deepFreeze } from './json.ts';
import { checkReferences } from './references.ts';
import { componentSchema, pluginSchema, routeSchema, serverSchema } from './schema.ts';
import { Sections } from './sections.ts';
import { warningsOf } from './warnings.ts';

/** A configuration as far as it could be read, and everything wrong with it. */
export interface Reading {
  /**
   * What has no problems of its own, for whoever has more to check; whole only when `problems` is empty. `null` when
   * so much is missing that more checks would only report what follows from it.
   */
  readonly config: Config | null;
  readonly problems: readonly Problem[];
}

/** Paths of a configuration. */
export interface Paths {
  /** The folder of the file in which a key stands. */
  folderOf(path: KeyPath): string;
  resolve(folder: string, path: string): string;
}

/** Checks plain data and makes a configuration of it. */
export function buildConfig(root: Readonly<Record<string, unknown>>, origin: Origin, paths: Paths): Reading {
  const sections = new Sections(root, origin);
  const server = sections.one('server', serverSchema);
  const plugins = sections.list('plugins', pluginSchema);
  const storages = sections.map('storages', componentSchema('storages'));
  const middlewares = sections.map('middlewares', componentSchema('middlewares'));
  const globalMiddlewares = sections.list('globalMiddlewares', z.string());
  const actions = sections.map('actions', componentSchema('actions'));
  const routes = sections.list('routes', routeSchema);
  if (server !== undefined) checkServer(server, sections);
  const names = { middlewares: middlewares.names, actions: actions.names };
  checkReferences(names, globalMiddlewares.entries, routes.entries, sections);

  const config: Omit<Config, 'warnings'> = {
    server: serverConfig(server ?? serverSchema.parse({}), paths),
    plugins: plugins.entries.map(({ index, value }) => ({
      path: value.path,
      config: value.config,
      folder: paths.folderOf(['plugins', index]),
    })),
    storages: componentEntries('storages', storages.entries, paths),
    middlewares: componentEntries('middlewares', middlewares.entries, paths),
    globalMiddlewares: globalMiddlewares.entries.map(({ value }) => value),
    actions: componentEntries('actions', actions.entries, paths),
    // Some of them would stand in other places than their own.
    routes: routes.complete ? routes.entries.map(({ value }) => routeEntry(value)) : [],
    ...origin,
  };
  if (!plugins.complete) return { config: null, problems: sections.problems };
  const warnings = sections.problems.length === 0 ? warningsOf(config, server) : [];
  return { config: deepFreeze(structuredClone({ ...config, warnings })), problems: sections.problems };
}

type ServerInput = z.infer<typeof serverSchema>;
type ComponentInput = z.infer<ReturnType<typeof componentSchema>>;
type RouteInput = z.infer<typeof routeSchema>;

function checkServer(server: ServerInput, sections: Sections): void {
  for (const key of ['certFile', 'keyFile'] as const) {
    if (server.tls && server[key] === undefined)
      sections.report(['server', key], 'required, since tls is true');
  }
  if (
    server.prefork !== undefined &&
    server.workers !== undefined &&
    workersOf(server) !== preforked(server)
  ) {
    const meant = server.prefork ? 'prefork: true is workers: auto' : 'prefork: false is workers: 1';
    sections.report(['server', 'prefork'], `contradicts workers: ${meant}. Give only one of them`);
  }
  if (server.proxyProtocol && server.trustedProxies.length === 0)
    sections.report(['server', 'proxyProtocol'], 'needs trustedProxies: who may say whose a connection is');
  if (!server.disableHealthCheck && server.healthCheckLiveRoute === server.healthCheckReadyRoute) {
    sections.report(['server', 'healthCheckReadyRoute'], 'expected another path than healthCheckLiveRoute');
  }
}

function workersOf(server: ServerInput): ServerConfig['workers'] {
  const { workers = preforked(server) } = server;
  return workers === 'auto' ? 'auto' : Number(workers);
}

const preforked = ({ prefork }: ServerInput): ServerConfig['workers'] => (prefork ? 'auto' : 1);

function serverConfig(server: ServerInput, paths: Paths): ServerConfig {
  const file = (key: 'certFile' | 'keyFile'): string =>
    paths.resolve(paths.folderOf(['server', key]), server[key] ?? '');
  const live = server.healthCheckLiveRoute;
  return {
    address: server.address,
    tls: server.tls ? { certFile: file('certFile'), keyFile: file('keyFile') } : null,
    workers: workersOf(server),
    readTimeoutMs: server.readTimeout,
    idleTimeoutMs: server.idleTimeout,
    trustedProxies: server.trustedProxies,
    proxyProtocol: server.proxyProtocol,
    healthRoutes: server.disableHealthCheck ? null : { live, ready: server.healthCheckReadyRoute },
    strictRouting: server.strictRouting,
    caseSensitive: server.caseSensitive,
    disableStartupMessage: server.disableStartupMessage,
    enablePrintRoutes: server.enablePrintRoutes,
    appName: server.appName,
    serverHeader: server.serverHeader,
    maxPendingHandshakes: server.limits.maxPendingHandshakes,
    drain: {
      delayMs: server.drain.delay,
      periodMs: server.drain.period ?? null,
      timeoutMs: server.drain.timeout,
      closeCode: server.drain.closeCode,
    },
    drainChanged: server.reload.drainChanged,
  };
}

function componentEntries(
  kind: string,
  entries: Readonly<Record<string, ComponentInput>>,
  paths: Paths,
): Record<string, ComponentEntry> {
  return Object.fromEntries(
    Object.entries(entries).map(([name, { use, config }]) => {
      const folder = paths.folderOf([kind, name]);
      return [name, { use, config, folder }];
    }),
  );
}

function routeEntry(route: RouteInput): RouteEntry {
  const methods = [route.method ?? route.methods ?? 'all'].flat();
  return {
    name: route.name ?? route.path,
    path: route.path,
    methods: methods.includes('all') ? ['*'] : [...new Set(methods)],
    host: route.host ?? null,
    middlewares: route.middlewares,
    action: route.action,
  };
}
