import { availableParallelism } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import type { Problem } from '../base/problem.ts';
import type { Reading } from '../config/build.ts';
import type { Config } from '../config/config.ts';
import type { ReloadChanges } from '../gateway/changes.ts';
import { ConfiguredGateway, type GatewayAddress } from '../gateway/gateway.ts';
import type { GatewayStats } from '../gateway/registry.ts';
import type { CommandLog } from './log.ts';
import type { PassedSocket } from './passed-socket.ts';

/** A gateway at work, in this process or in several. */
export interface Running {
  /**
   * Goes on with another configuration, which is read when its turn has come.
   * @throws {ConfigError} and others: why it cannot. The configuration of before goes on serving then.
   */
  reload(read: () => Promise<Reading>): Promise<ReloadChanges>;
  /** Never rejects. */
  stop(): Promise<void>;
  stats(): Promise<GatewayStats>;
}

/** What a start has found. */
export interface Serving extends Running {
  readonly config: Config;
  readonly address: GatewayAddress;
  readonly warnings: readonly Problem[];
  /** Paths of the files that the configuration at work is made of besides its own: certificates, secrets, plugins. */
  files(): readonly string[];
  readonly workers: number;
}

export interface ServeOptions extends PassedSocket {
  readonly logLevel: string;
}

/**
 * Serves a configuration in this process, or in as many as it asks for.
 * @throws {ConfigError} with every problem of the configuration; why the gateway cannot listen. Nothing is left then.
 */
export async function serve(
  reading: Reading,
  { logLevel, ...socket }: ServeOptions,
  { logger, writeLines }: CommandLog,
  clock: Clock,
): Promise<Serving> {
  const { config, problems } = reading;
  const workers = workersOf(config);
  // What is wrong with a configuration is told without any.
  if (workers === 1 || config === null || problems.length > 0)
    return serveHere(reading, { logger, clock, ...socket });
  // Nothing of it is loaded by a gateway of one process.
  const { startWorkers } = await import('./start-workers.ts');
  const parts = { reading, count: workers, logLevel, logger, writeLines, clock, ...socket };
  return { ...(await startWorkers(parts)), config, workers };
}

async function serveHere(
  reading: Reading,
  services: { readonly logger: Logger; readonly clock: Clock } & PassedSocket,
): Promise<Serving> {
  const gateway = new ConfiguredGateway(reading, services);
  const address = await gateway.start();
  const { snapshot } = gateway;
  if (snapshot === null) throw new Error('a gateway that has started has a configuration');
  const { config, warnings } = snapshot;
  return {
    config,
    address,
    warnings,
    workers: 1,
    reload: (read) => gateway.reloadReading(read),
    stats: async () => gateway.stats(),
    stop: () => gateway.stop(),
    files: () => gateway.files,
  };
}

function workersOf(config: Config | null): number {
  const { workers = 1 } = config?.server ?? {};
  return workers === 'auto' ? availableParallelism() : workers;
}
