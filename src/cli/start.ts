import { existsSync } from 'node:fs';
import { type Clock, systemClock } from '../base/clock.ts';
import { isConfigError } from '../base/config-error.ts';
import { formatProblem, formatProblems } from '../base/format-problems.ts';
import type { Logger } from '../base/logger.ts';
import { readConfig } from '../config/load.ts';
import type { Demo } from '../demo/demo.ts';
import { ConfiguredGateway, type GatewayAddress } from '../gateway/gateway.ts';
import type { Snapshot } from '../gateway/snapshot.ts';
import { renderBanner } from './banner.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { untilUncaught } from './faults.ts';
import { createLog, type LogSettings } from './log.ts';
import { overviewOf } from './overview.ts';
import { exampleConfig, packageVersion } from './package-info.ts';
import { untilSignal } from './signals.ts';

export interface StartOptions {
  /** Files and folders; none for the default ones. */
  readonly config: readonly string[];
  readonly demo: boolean;
  readonly log: LogSettings;
}

/** Runs a gateway until a signal stops it. @returns the exit code. */
export async function start(options: StartOptions): Promise<number> {
  const logger = createLog(options.log);
  const stopSignal = untilSignal(systemClock);
  const uncaught = untilUncaught(logger);
  const running = await launch(options, logger, systemClock);
  if (running === null) return EXIT_CODES.failed;

  let exitCode: number = EXIT_CODES.ok;
  // It may still come while a signal's drain is under way.
  void uncaught.then(() => {
    exitCode = EXIT_CODES.uncaught;
  });
  const signal = await Promise.race([stopSignal, uncaught]);
  if (signal !== undefined) logger.info({ signal }, 'stopping');
  await running.stop();
  logger.info({}, 'stopped');
  return exitCode;
}

interface Running {
  stop(): Promise<void>;
}

/** Brings everything up, or says why it cannot. */
async function launch(options: StartOptions, logger: Logger, clock: Clock): Promise<Running | null> {
  let gateway: ConfiguredGateway | null = null;
  try {
    gateway = new ConfiguredGateway(await readConfig(configPaths(options), readOptions()), { logger, clock });
    const address = await gateway.start();
    const demo = await launchDemo(options, gateway, address, { logger, clock });
    announce(options, gateway.snapshot, address, demo, logger);
    return { stop: () => stopInOrder(gateway, demo) };
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    await gateway?.stop();
    return null;
  }
}

/** The demo is code of its own that nobody else loads. */
async function launchDemo(
  { demo }: StartOptions,
  { snapshot }: ConfiguredGateway,
  address: GatewayAddress,
  services: { readonly logger: Logger; readonly clock: Clock },
): Promise<Demo | null> {
  if (!demo || snapshot === null) return null;
  const { startDemoFor } = await import('./demo.ts');
  return startDemoFor(snapshot.config, address, services);
}

/** The gateway first, so that its clients hear of the restart from it and not from an upstream that vanishes. */
async function stopInOrder(gateway: ConfiguredGateway | null, demo: Demo | null): Promise<void> {
  await gateway?.stop();
  await demo?.stop();
}

function announce(
  { log }: StartOptions,
  snapshot: Snapshot | null,
  address: GatewayAddress,
  demo: Demo | null,
  logger: Logger,
): void {
  if (snapshot === null) return;
  const { config, warnings } = snapshot;
  const overview = overviewOf(config, address, packageVersion(), demo);
  if (log.format === 'pretty' && !config.server.disableStartupMessage) {
    process.stdout.write(renderBanner(overview, { color: log.color }));
  } else {
    const { appName, enablePrintRoutes } = config.server;
    logger.info({ url: overview.listening.url, appName, routes: config.routes.length }, 'listening');
    if (enablePrintRoutes) for (const route of overview.routes) logger.info({ ...route }, 'route');
  }
  for (const warning of warnings) logger.warn({}, formatProblem(warning).replace('\n ', ':'));
}

/** Paths given; or the usual places; or, for the demo, the example that comes with the package. */
function configPaths({ config, demo }: StartOptions): readonly string[] | undefined {
  if (config.length > 0) return config;
  return demo && !existsSync('config') && !existsSync('wsfw.yaml') ? [exampleConfig()] : undefined;
}

/** What reading a configuration takes from the process. */
export const readOptions = () => ({ env: process.env, cwd: process.cwd() });

/** What went wrong, for whoever typed the command. */
export function explain(error: unknown): string {
  if (isConfigError(error)) return formatProblems(error.problems);
  return error instanceof Error ? `wsfw: ${error.message}` : `wsfw: ${String(error)}`;
}
