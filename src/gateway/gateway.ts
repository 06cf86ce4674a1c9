import { canReadDirectly } from '../base/can-read-directly.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import type { Connection } from '../base/connection.ts';
import { WsfwError } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import { memoryStorages } from '../base/memory-storage.ts';
import type { Observer } from '../base/observer.ts';
import type { RouteRef } from '../base/route.ts';
import type { Reading } from '../config/build.ts';
import type { Config, ServerConfig } from '../config/config.ts';
import { readObject } from '../config/load.ts';
import { createForwarding } from '../forward/forwarding.ts';
import type { HostServices } from '../host/component-host.ts';
import { ComponentPool } from '../host/component-pool.ts';
import { FoundFiles } from '../host/found-files.ts';
import { createListener, type Listener } from '../http/listener.ts';
import { createRelayEngine } from '../relay/engine.ts';
import { changesBetween, logFields, type ReloadChanges } from './changes.ts';
import type { Gateway, GatewayAddress, GatewayOptions } from './contract.ts';
import { Departures } from './departures.ts';
import { Journal } from './journal.ts';
import { allOf } from './observers.ts';
import { PluginFaults } from './plugin-faults.ts';
import { type GatewayStats, Registry } from './registry.ts';
import { needsRestart } from './restart.ts';
import { buildSnapshot, type Snapshot, type SnapshotParts } from './snapshot.ts';
import { type UpstreamStats, Upstreams } from './upstreams.ts';

export type { Gateway, GatewayAddress, GatewayOptions } from './contract.ts';

/** How long plugins may take to come back when the last client has gone. */
const COME_BACK_MS = 1000;

/** Makes a gateway of a configuration. Nothing happens until `start()`. */
export function createGateway(options: GatewayOptions): Gateway {
  const { config, logger = silentLogger } = options;
  const reading = readingOf(config);
  const { workers = 1 } = reading.config?.server ?? {};
  if (workers !== 1)
    logger.warn(
      { workers },
      'server.workers has no effect here: only the command wsfw starts processes of its own',
    );
  return new ConfiguredGateway(reading, options);
}

function readingOf(config: GatewayOptions['config']): Reading {
  return isConfig(config) ? { config, problems: [] } : readObject(config);
}

/** Only what `loadConfig` made says where its keys stand. */
function isConfig(config: GatewayOptions['config']): config is Config {
  return Object.hasOwn(config, 'places') && Object.isFrozen(config);
}

/** What a gateway is made of besides its configuration. */
export interface GatewayParts extends Omit<GatewayOptions, 'config'> {
  /** `Host.memory` of the component with that name. Default: in this process. */
  readonly memory?: HostServices['memory'];
}

/** A gateway for a configuration that may have problems; `start()` reports them with all that it finds itself. */
export class ConfiguredGateway implements Gateway {
  readonly #reading: Reading;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #memory: HostServices['memory'];
  readonly #listenFd: number | undefined;
  readonly #registry = new Registry();
  readonly #observer: Observer;
  readonly #faults = new PluginFaults();
  readonly #pool = new ComponentPool();
  readonly #pluginFiles = new FoundFiles();
  readonly #upstreams = new Upstreams();
  readonly #departures: Departures;
  readonly #services: HostServices;
  /** Routes that a reload took away or changed. */
  readonly #changedRoutes = new WeakSet<RouteRef>();
  /** The latest reload, and all before it. */
  #reloads: Promise<unknown> = Promise.resolve();
  #triedFiles = new Set<string>();
  #snapshot: Snapshot | null = null;
  /** Found out at the start. */
  #readsDirectly = false;
  #listener: Listener | null = null;
  #started: Promise<GatewayAddress> | null = null;
  #stopped: Promise<void> | null = null;
  /** A stop has begun to close connections. */
  #closing = false;

  constructor(reading: Reading, parts: GatewayParts) {
    const { clock = systemClock, logger = silentLogger, memory = memoryStorages(clock), observer } = parts;
    this.#reading = reading;
    this.#clock = clock;
    this.#logger = logger;
    this.#listenFd = parts.listenFd;
    this.#memory = memory;
    const observers: Observer[] = [this.#registry, new Journal(logger, clock)];
    this.#observer = allOf(observer === undefined ? observers : [...observers, observer], logger);
    this.#departures = new Departures({ registry: this.#registry, clock, logger });
    this.#services = this.#createServices();
  }

  start(): Promise<GatewayAddress> {
    this.#started ??= this.#start();
    return this.#started;
  }

  reload(config: GatewayOptions['config']): Promise<ReloadChanges> {
    return this.reloadReading(() => readingOf(config));
  }

  /**
   * The same for a configuration that may have problems, which is read when its turn has come.
   * @param agreed waited for between the building and the switch, which does not happen if it rejects.
   */
  reloadReading(
    read: () => Reading | Promise<Reading>,
    agreed: () => Promise<void> = () => Promise.resolve(),
  ): Promise<ReloadChanges> {
    const reloaded = this.#reloads.then(() => this.#reload(read, agreed));
    this.#reloads = reloaded.catch(() => {});
    return reloaded;
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  connections(): Iterable<Connection> {
    return this.#registry.connections();
  }

  stats(): GatewayStats {
    const pendingHandshakes = this.#listener?.stats().pendingHandshakes ?? 0;
    return { ...this.#registry.stats(), pendingHandshakes, drainMs: this.#departures.leftMs };
  }

  /**
   * Files that the configuration at work is made of besides its own: certificates, secrets, plugins; and those that the
   * latest reload would have wanted.
   */
  get files(): readonly string[] {
    return [...new Set([...this.#pluginFiles.paths, ...(this.#snapshot?.files ?? []), ...this.#triedFiles])];
  }

  upstreams(): readonly UpstreamStats[] {
    return this.#upstreams.stats();
  }

  /** The configuration at work, for whoever shows it. `null` before the start. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  async #start(): Promise<GatewayAddress> {
    // Nobody would stop it again.
    if (this.#stopped !== null)
      throw new WsfwError('WSFW_DRAINING', 'the gateway was stopped before it started');
    this.#readsDirectly = await canReadDirectly();
    const snapshot = await buildSnapshot(this.#reading, this.#services, this.#parts());
    try {
      const address = await this.#listen(snapshot);
      this.#snapshot = snapshot;
      return address;
    } catch (error) {
      await snapshot.release();
      throw error;
    }
  }

  async #listen(snapshot: Snapshot): Promise<GatewayAddress> {
    const tls = snapshot.certificates;
    const listener = createListener({
      settings: snapshot.config.server,
      tls,
      fd: this.#listenFd,
      site: () => this.#snapshot ?? snapshot,
      clock: this.#clock,
      logger: this.#logger,
      observer: this.#observer,
      ready: () => this.#stopped === null,
    });
    const { host, port } = await listener.listen();
    this.#listener = listener;
    if (this.#listenFd !== undefined) this.#tellOfSocket(snapshot.config.server, { host, port });
    return { host, port, encrypted: tls !== null };
  }

  async #reload(read: () => Reading | Promise<Reading>, agreed: () => Promise<void>): Promise<ReloadChanges> {
    await this.#started;
    const [before, listener] = [this.#snapshot, this.#listener];
    if (before === null || listener === null) throw new WsfwError('WSFW_NOT_STARTED');
    this.#refuseWhenStopped();
    const reading = await read();
    const problems = needsRestart(before.config.server, reading, this.#listenFd === undefined);
    const { certFile, keyFile } = reading.config?.server.tls ?? {};
    this.#triedFiles = new Set([certFile, keyFile].filter((file) => file !== undefined));
    const services = { ...this.#services, noteFile: (file: string) => void this.#triedFiles.add(file) };
    const after = await buildSnapshot(reading, services, { ...this.#parts(), previous: before, problems });
    try {
      await agreed();
      this.#refuseWhenStopped();
      listener.configure(after.config.server, after.certificates);
    } catch (error) {
      await after.release();
      throw error;
    }
    this.#snapshot = after;
    after.takeOver();
    // Whoever came through it may hold some of its components for days.
    void before.release();
    const changes = changesBetween(before, after);
    this.#logger.info(logFields(changes), 'reloaded');
    this.#leaveBehind(before, after);
    return changes;
  }

  #refuseWhenStopped(): void {
    if (this.#stopped !== null) throw new WsfwError('WSFW_DRAINING', 'the gateway is being stopped');
  }

  /** Marks the routes that are not what they were, and drains their connections if that is wanted. */
  #leaveBehind(before: Snapshot, after: Snapshot): void {
    for (const { ref } of before.routes.values()) if (!after.serves(ref)) this.#changedRoutes.add(ref);
    if (!after.config.server.drainChanged) return;
    const changed = [...this.#registry.connections()].filter(({ route }) => this.#changedRoutes.has(route));
    if (changed.length > 0) this.#logger.info({ connections: changed.length }, 'draining changed routes');
    this.#departures.spread(changed, after.config.server.drain);
  }

  async #stop(): Promise<void> {
    try {
      await this.#started;
    } catch {
      // Whoever started it was told, and nothing is left of it.
    }
    const listener = this.#listener;
    const snapshot = this.#snapshot;
    if (listener === null || snapshot === null) return;
    const { drain } = snapshot.config.server;
    // Another process accepts now: nobody who came to this one is to be refused.
    if (this.#listenFd !== undefined) await listener.handOver();
    // Whoever sends clients here takes a while to hear that this gateway is not ready any more.
    else if (drain.delayMs > 0)
      await new Promise<void>((resolve) => this.#clock.after(drain.delayMs, resolve));
    this.#closing = true;
    listener.drain();
    await this.#departures.empty(drain, (withinMs) => listener.close(withinMs));
    // One that is under way finds that it is too late, and lets go of what it built.
    await this.#reloads;
    void snapshot.release();
    if (!(await this.#pool.end(this.#clock, COME_BACK_MS)))
      this.#logger.warn({}, 'a plugin still works on a request whose client is gone: stopped without it');
  }

  #tellOfSocket({ address }: ServerConfig, { host, port }: ServerConfig['address']): void {
    const fields = { fd: this.#listenFd, host, port };
    if (address.port === port && address.host === host)
      this.#logger.info(fields, 'listening on a socket that was passed');
    else
      this.#logger.warn(
        { ...fields, configured: address },
        'listening on a socket that was passed: server.address has no effect',
      );
  }

  #parts(): SnapshotParts {
    return { pool: this.#pool, faults: this.#faults, pluginFiles: this.#pluginFiles };
  }

  #createServices(): HostServices {
    const forwarding = createForwarding({
      engine: createRelayEngine({ clock: this.#clock, readsDirectly: () => this.#readsDirectly }),
      clock: this.#clock,
      logger: this.#logger,
      drain: (connections) => {
        const drain = this.#snapshot?.config.server.drain;
        if (drain !== undefined) this.#departures.spread(connections, drain);
      },
      observer: {
        ...this.#observer,
        opened: (connection) => {
          this.#observer.opened(connection);
          const server = this.#snapshot?.config.server;
          if (server !== undefined && this.#comesTooLate(connection, server))
            this.#departures.sendAway(connection, server.drain);
        },
      },
    });
    const watched = this.#faults.watchForwarding(forwarding);
    return {
      clock: this.#clock,
      logger: this.#logger,
      memory: this.#memory,
      forward: watched.forward,
      forwarder: (options, logger, component) =>
        this.#upstreams.forwarder(watched, options, logger, component),
    };
  }

  /** Whether its handshake was under way when a stop, or a reload that drains its route, had begun to. */
  #comesTooLate({ route }: Connection, { drainChanged }: ServerConfig): boolean {
    return this.#closing || (drainChanged && this.#changedRoutes.has(route));
  }
}
