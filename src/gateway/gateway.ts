import { type Clock, systemClock } from '../base/clock.ts';
import type { Connection } from '../base/connection.ts';
import { WsfwError } from '../base/errors.ts';
import { type Logger, silentLogger } from '../base/logger.ts';
import { memoryStorages } from '../base/memory-storage.ts';
import type { Observer } from '../base/observer.ts';
import type { Reading } from '../config/build.ts';
import type { Config } from '../config/config.ts';
import { readObject } from '../config/load.ts';
import { createForward } from '../forward/forward.ts';
import type { HostServices } from '../host/component-host.ts';
import { createListener, type Listener } from '../http/listener.ts';
import { createRelayEngine } from '../relay/engine.ts';
import { drain, sendAway } from './drain.ts';
import { Journal } from './journal.ts';
import { allOf } from './observers.ts';
import { PluginFaults } from './plugin-faults.ts';
import { type GatewayStats, Registry } from './registry.ts';
import { buildSnapshot, type Snapshot } from './snapshot.ts';

/** What a gateway is made of. */
export interface GatewayOptions {
  /** From `loadConfig`, or an object of the same shape as the YAML files. */
  readonly config: Config | Readonly<Record<string, unknown>>;
  /** A `pino` instance, or anything like it. Default: nothing is logged. */
  readonly logger?: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Hears of every connection and refusal. Default: nobody. */
  readonly observer?: Observer;
}

/** Where a gateway listens. */
export interface GatewayAddress {
  readonly host: string;
  readonly port: number;
  /** Whether clients have to use TLS. */
  readonly encrypted: boolean;
}

/** A WebSocket gateway in this process. Several do not touch each other. */
export interface Gateway {
  /**
   * Builds the configuration and listens. Call it once.
   * @returns the bound address, with the port that was found when the configuration asks for port 0.
   * @throws {ConfigError} with every problem of the configuration; {WsfwError} when it cannot listen, or was stopped
   * before. Nothing is left then.
   */
  start(): Promise<GatewayAddress>;
  /**
   * Takes nothing new, closes every connection (1012 to clients, 1001 to upstreams), waits for them for
   * `server.drain.timeout`, and releases everything. Never rejects; a second call waits for the first.
   */
  stop(): Promise<void>;
  /** The open connections, oldest first. */
  connections(): Iterable<Connection>;
  stats(): GatewayStats;
}

/** Makes a gateway of a configuration. Nothing happens until `start()`. */
export function createGateway(options: GatewayOptions): Gateway {
  const { config, logger = silentLogger } = options;
  const reading = isConfig(config) ? { config, problems: [] } : readObject(config);
  const { workers = 1 } = reading.config?.server ?? {};
  if (workers !== 1)
    logger.warn(
      { workers },
      'server.workers has no effect here: only the command wsfw starts processes of its own',
    );
  return new ConfiguredGateway(reading, options);
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
  readonly #registry = new Registry();
  readonly #observer: Observer;
  #snapshot: Snapshot | null = null;
  #releaseSnapshot: () => void = () => {};
  #listener: Listener | null = null;
  #started: Promise<GatewayAddress> | null = null;
  #stopped: Promise<void> | null = null;

  constructor(
    reading: Reading,
    { clock = systemClock, logger = silentLogger, memory = memoryStorages(clock), observer }: GatewayParts,
  ) {
    this.#reading = reading;
    this.#clock = clock;
    this.#logger = logger;
    this.#memory = memory;
    const observers: Observer[] = [this.#registry, new Journal(logger)];
    this.#observer = allOf(observer === undefined ? observers : [...observers, observer], logger);
  }

  start(): Promise<GatewayAddress> {
    this.#started ??= this.#start();
    return this.#started;
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
    return { ...this.#registry.stats(), pendingHandshakes };
  }

  /** The configuration at work, for whoever shows it. `null` before the start. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  async #start(): Promise<GatewayAddress> {
    // Nobody would stop it again.
    if (this.#stopped !== null)
      throw new WsfwError('WSFW_DRAINING', 'the gateway was stopped before it started');
    const faults = new PluginFaults();
    const snapshot = await buildSnapshot(this.#reading, this.#services(faults), faults);
    this.#snapshot = snapshot;
    this.#releaseSnapshot = snapshot.retain();
    try {
      return await this.#listen(snapshot);
    } catch (error) {
      this.#releaseSnapshot();
      await snapshot.disposed;
      throw error;
    }
  }

  async #listen(snapshot: Snapshot): Promise<GatewayAddress> {
    const tls = snapshot.certificates;
    const listener = createListener({
      settings: snapshot.config.server,
      tls,
      site: () => snapshot,
      clock: this.#clock,
      logger: this.#logger,
      observer: this.#observer,
      ready: () => this.#stopped === null,
    });
    const { host, port } = await listener.listen();
    this.#listener = listener;
    return { host, port, encrypted: tls !== null };
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
    const { drainTimeoutMs } = snapshot.config.server;
    listener.drain();
    const closed = listener.close(drainTimeoutMs);
    await drain({
      registry: this.#registry,
      clock: this.#clock,
      logger: this.#logger,
      timeoutMs: drainTimeoutMs,
    });
    await closed;
    this.#releaseSnapshot();
    if (!(await snapshot.end(this.#clock)))
      this.#logger.warn({}, 'a plugin still works on a request whose client is gone: stopped without it');
  }

  #services(faults: PluginFaults): HostServices {
    const forward = createForward({
      engine: createRelayEngine({ clock: this.#clock }),
      clock: this.#clock,
      logger: this.#logger,
      observer: {
        ...this.#observer,
        opened: (connection) => {
          this.#observer.opened(connection);
          if (this.#stopped !== null) sendAway(connection);
        },
      },
    });
    return {
      clock: this.#clock,
      logger: this.#logger,
      memory: this.#memory,
      forward: faults.watchForward(forward),
    };
  }
}
