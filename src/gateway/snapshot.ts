import { ConfigError } from '../base/config-error.ts';
import type { Problem } from '../base/problem.ts';
import type { RouteRef } from '../base/route.ts';
import type { Reading } from '../config/build.ts';
import { type Config, placeOf } from '../config/config.ts';
import { type Built, buildComponents } from '../host/build-components.ts';
import { checkComponents } from '../host/check-components.ts';
import type { HostServices } from '../host/component-host.ts';
import { ComponentPool } from '../host/component-pool.ts';
import { FoundFiles } from '../host/found-files.ts';
import { loadPlugins } from '../host/load-plugins.ts';
import { createRouter, findConflicts, type Router } from '../http/router.ts';
import type { RouteMatch, RouteMiss, RouteQuery, Site } from '../http/site.ts';
import { BUILTINS } from './builtins.ts';
import { missingParams } from './missing-params.ts';
import { PluginFaults } from './plugin-faults.ts';
import { type ServedRoute, type ServedRoutes, serveRoutes } from './served-route.ts';
import { stalePlugins } from './stale-plugins.ts';
import { type CertificatePair, readCertificates } from './tls.ts';

/** What a snapshot is made of. */
interface SnapshotContent {
  readonly config: Config;
  readonly certificates: CertificatePair | null;
  readonly built: Built;
  readonly routes: ServedRoutes;
  /** Besides those of the configuration and its components. */
  readonly warnings: readonly Problem[];
}

/**
 * A configuration, built: immutable, and swapped whole. It holds its components until it is released; whoever came
 * through one of its routes holds that route's for longer.
 */
export class Snapshot implements Site {
  readonly config: Config;
  readonly warnings: readonly Problem[];
  /** The listener's, or `null` for plain HTTP. */
  readonly certificates: CertificatePair | null;
  readonly built: Built;
  readonly routes: ServedRoutes;
  readonly #refs: ReadonlySet<RouteRef>;
  readonly #router: Router<ServedRoute>;

  constructor({ config, certificates, built, routes, warnings }: SnapshotContent) {
    this.config = config;
    this.certificates = certificates;
    this.warnings = [...config.warnings, ...built.warnings, ...warnings];
    this.built = built;
    this.routes = routes;
    this.#refs = new Set([...routes.values()].map(({ ref }) => ref));
    const { strictRouting, caseSensitive } = config.server;
    this.#router = createRouter([...routes.values()], { strictRouting, caseSensitive });
  }

  match(query: RouteQuery): RouteMatch | RouteMiss {
    const found = this.#router.find(query);
    if ('allow' in found) return found;
    const { ref, upgrades, handle } = found.route;
    return { route: ref, params: found.params, upgrades, handle };
  }

  /** The files that it is made of, besides those of the configuration and of the plugins. */
  get files(): readonly string[] {
    const { tls } = this.config.server;
    const certificates = tls === null ? [] : [tls.certFile, tls.keyFile];
    return [...certificates, ...this.built.components.flatMap(({ files }) => files)];
  }

  /** Whether a connection that came through a route of this or an earlier configuration would take the same way now. */
  serves(route: RouteRef): boolean {
    return this.#refs.has(route);
  }

  /** Puts it to work in the place of the one before. */
  takeOver(): void {
    this.built.rebind();
  }

  /** Lets go of the components, and waits until those that nobody else holds are disposed of. Never rejects. */
  release(): Promise<void> {
    return this.built.release();
  }
}

/** What a snapshot is built with, besides the services. */
export interface SnapshotParts {
  /** Default: none that is shared. */
  readonly pool?: ComponentPool;
  readonly faults?: PluginFaults;
  /** Plugins' files as they were when they were loaded. */
  readonly pluginFiles?: FoundFiles;
  /** The snapshot that it is to follow. */
  readonly previous?: Snapshot;
  /** What is wrong besides, to be reported with everything else. */
  readonly problems?: readonly Problem[];
}

/**
 * Loads the plugins of a configuration and builds its components and routes.
 * @throws {ConfigError} with every problem at once: those of the reading, of the certificates, of the plugins and of their options.
 */
export async function buildSnapshot(
  reading: Reading,
  services: HostServices,
  parts: SnapshotParts = {},
): Promise<Snapshot> {
  const { pool = new ComponentPool(), faults = new PluginFaults(), pluginFiles = new FoundFiles() } = parts;
  const { previous, problems: others = [] } = parts;
  const { config, problems } = reading;
  if (config === null) throw new ConfigError([...problems, ...others]);
  const loaded = await loadPlugins(config, { ...services, builtins: BUILTINS });
  const stale = await stalePlugins(loaded, pluginFiles, config);
  const certificates = await readCertificates(config);
  const found = [
    ...problems,
    ...others,
    ...certificates.problems,
    ...conflictsOf(config),
    ...missingParams(config),
  ];
  if (found.length > 0) {
    const checked = await checkComponents(config, loaded, services.clock);
    throw new ConfigError([...found, ...loaded.problems, ...checked.problems]);
  }
  const built = await buildComponents(config, loaded, services, pool);
  const routes = serveRoutes(config, built, previous?.routes ?? new Map(), faults);
  return new Snapshot({ config, certificates: certificates.pair, built, routes, warnings: stale });
}

function conflictsOf({ routes, server, places }: Config): Problem[] {
  return findConflicts(routes, server).map(({ second, message }) => {
    const path = ['routes', routes.indexOf(second)];
    return { place: placeOf(places, path), path, message };
  });
}
