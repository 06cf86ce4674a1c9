import type { Clock } from '../base/clock.ts';
import type { Connection } from '../base/connection.ts';
import type { Logger } from '../base/logger.ts';
import type { Observer } from '../base/observer.ts';
import type { Config } from '../config/config.ts';
import type { ReloadChanges } from './changes.ts';
import type { GatewayStats } from './registry.ts';
import type { UpstreamStats } from './upstreams.ts';

/** What a gateway is made of. */
export interface GatewayOptions {
  /** From `loadConfig`, or an object of the same shape as the YAML files. */
  readonly config: Config | Readonly<Record<string, unknown>>;
  /** A `pino` instance, or anything like it. Default: nothing is logged. */
  readonly logger?: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /**
   * A TCP socket of this process that listens already, such as a parent process or systemd passes: its descriptor. It
   * takes the place of `server.address`. Not on Windows.
   */
  readonly listenFd?: number;
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
   * Goes on with another configuration. It is checked and built whole first; then new handshakes use it at once.
   * Components whose `use`, options and files are the same go on working, with their counts and their timers. Open
   * connections stay open; those whose route or action is not what it was are closed (1012 to clients, 1001 to
   * upstreams) if the new configuration says `server.reload.drainChanged: true`. The listening socket stays open, and
   * certificates are read again. Reloads that are asked for at a time happen one after the other.
   * @param config as for `createGateway`.
   * @returns what changed.
   * @throws {ConfigError} with every problem, among them what needs a restart: another `server.address`, other `server.workers`, TLS on or off.
   * The old configuration goes on serving then. {WsfwError} `WSFW_NOT_STARTED`, or `WSFW_DRAINING` when it is being
   * stopped.
   */
  reload(config: GatewayOptions['config']): Promise<ReloadChanges>;
  /**
   * Is not ready any more at once, takes nothing new after `server.drain.delay`, closes every connection (1012 to clients, 1001
   * to upstreams) spread over `server.drain.period`, waits for them for `server.drain.timeout`, stops listening, and
   * releases everything. Never rejects; a second call waits for the first.
   */
  stop(): Promise<void>;
  /** The open connections, oldest first. */
  connections(): Iterable<Connection>;
  stats(): GatewayStats;
  /** How the endpoints of each action are, those of actions that only old connections still use included. */
  upstreams(): readonly UpstreamStats[];
}
