import type { Clock } from '../base/clock.ts';
import { ConfigError } from '../base/config-error.ts';
import type { Problem } from '../base/problem.ts';
import type { Reading } from '../config/build.ts';
import { type Config, placeOf, type RouteEntry } from '../config/config.ts';
import { type Built, buildComponents } from '../host/build-components.ts';
import { checkComponents } from '../host/check-components.ts';
import type { HostServices } from '../host/component-host.ts';
import { withDeadline } from '../host/deadline.ts';
import { loadPlugins } from '../host/load-plugins.ts';
import { compose } from '../http/compose.ts';
import type { Action } from '../http/exchange.ts';
import { createRouter, findConflicts, type Router } from '../http/router.ts';
import type { RouteMatch, RouteMiss, RouteQuery, Site } from '../http/site.ts';
import { BUILTINS } from './builtins.ts';
import { missingParams } from './missing-params.ts';
import { PluginFaults } from './plugin-faults.ts';
import { type CertificatePair, readCertificates } from './tls.ts';

/** How long plugins may take to come back when the last client has gone. */
const COME_BACK_MS = 1000;

/** A route, ready to serve. */
interface ServedRoute extends RouteEntry {
  readonly ref: RouteMatch['route'];
  readonly upgrades: boolean;
  readonly handle: Action;
}

/**
 * A configuration, built: immutable, and swapped whole. Whoever works with it retains it, so that its components are
 * disposed of only when the last connection that came through them has ended.
 */
export class Snapshot implements Site {
  readonly config: Config;
  readonly warnings: readonly Problem[];
  /** The listener's, or `null` for plain HTTP. */
  readonly certificates: CertificatePair | null;
  readonly #built: Built;
  readonly #router: Router<ServedRoute>;
  #holders = 0;
  #disposed: () => void = () => {};
  /** Resolves when the components are disposed of. */
  readonly disposed: Promise<void>;

  constructor(config: Config, certificates: CertificatePair | null, built: Built, faults: PluginFaults) {
    this.config = config;
    this.certificates = certificates;
    this.warnings = [...config.warnings, ...built.warnings];
    this.#built = built;
    const { strictRouting, caseSensitive } = config.server;
    const routes = config.routes.map((route) => serve(route, config, built, faults));
    this.#router = createRouter(routes, { strictRouting, caseSensitive });
    this.disposed = new Promise((resolve) => {
      this.#disposed = resolve;
    });
  }

  match(query: RouteQuery): RouteMatch | RouteMiss {
    const found = this.#router.find(query);
    if ('allow' in found) return found;
    const { ref, upgrades, handle } = found.route;
    return {
      route: ref,
      params: found.params,
      upgrades,
      handle: (exchange) => {
        this.#holders++;
        exchange.onEnd(this.#letGo);
        return handle(exchange);
      },
    };
  }

  /** Keeps the components alive until the returned function is called. */
  retain(): () => void {
    this.#holders++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#letGo();
    };
  }

  /**
   * Waits until nobody works with it any more, but not for a plugin that never comes back to a request whose client is
   * gone: its components are disposed of all the same.
   * @returns whether everybody had come back.
   */
  async end(clock: Clock): Promise<boolean> {
    try {
      await withDeadline(clock, () => this.disposed, COME_BACK_MS);
      return true;
    } catch {
      await this.#built.dispose();
      return false;
    }
  }

  // One function for all connections, since each keeps it for as long as it lives.
  readonly #letGo = (): void => {
    if (--this.#holders === 0) void this.#built.dispose().then(this.#disposed);
  };
}

/**
 * Loads the plugins of a configuration and builds its components and routes.
 * @throws {ConfigError} with every problem at once: those of the reading, of the certificates, of the plugins and of their options.
 */
export async function buildSnapshot(
  reading: Reading,
  services: HostServices,
  faults = new PluginFaults(),
): Promise<Snapshot> {
  const { config, problems } = reading;
  if (config === null) throw new ConfigError(problems);
  const loaded = await loadPlugins(config, { ...services, builtins: BUILTINS });
  const certificates = await readCertificates(config);
  const found = [...problems, ...certificates.problems, ...conflictsOf(config), ...missingParams(config)];
  if (found.length > 0) {
    const checked = await checkComponents(config, loaded, services.clock);
    throw new ConfigError([...found, ...loaded.problems, ...checked.problems]);
  }
  const built = await buildComponents(config, loaded, services);
  return new Snapshot(config, certificates.pair, built, faults);
}

function conflictsOf({ routes, server, places }: Config): Problem[] {
  return findConflicts(routes, server).map(({ second, message }) => {
    const path = ['routes', routes.indexOf(second)];
    return { place: placeOf(places, path), path, message };
  });
}

function serve(route: RouteEntry, config: Config, built: Built, faults: PluginFaults): ServedRoute {
  const action = built.actions.get(route.action);
  if (action === undefined) throw new Error(`no action is named ${route.action}`);
  const names = [...config.globalMiddlewares, ...route.middlewares];
  const middlewares = names.map((name) => {
    const middleware = built.middlewares.get(name);
    if (middleware === undefined) throw new Error(`no middleware is named ${name}`);
    return middleware;
  });
  return {
    ...route,
    ref: { name: route.name, pattern: route.path, action: route.action },
    upgrades: action.upgrades,
    handle: faults.watchRoute(compose(middlewares, action.action)),
  };
}
