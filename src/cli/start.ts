import { existsSync } from 'node:fs';
import { type Cancel, type Clock, systemClock } from '../base/clock.ts';
import { isConfigError } from '../base/config-error.ts';
import { formatProblems } from '../base/format-problems.ts';
import type { LogFields, Logger } from '../base/logger.ts';
import type { Config } from '../config/config.ts';
import { findFiles } from '../config/files.ts';
import { readConfig } from '../config/load.ts';
import type { Demo } from '../demo/demo.ts';
import type { GatewayAddress } from '../gateway/gateway.ts';
import type { GatewayStats } from '../gateway/registry.ts';
import { renderBanner } from './banner.ts';
import { LOG_PROGRESS_MS, reportDrain, TERMINAL_PROGRESS_MS } from './drain-progress.ts';
import { EXIT_CODES } from './exit-codes.ts';
import { untilUncaught } from './faults.ts';
import { FileWatch } from './file-watch.ts';
import { type CommandLog, type LogSettings, openLog } from './log.ts';
import { overviewOf } from './overview.ts';
import { exampleConfig, packageVersion } from './package-info.ts';
import { takePassedSocket } from './passed-socket.ts';
import { inOneLine, Reloads } from './reloads.ts';
import { type Running, type Serving, serve } from './serve.ts';
import { endBy, untilSignal } from './signals.ts';

export interface StartOptions {
  /** Files and folders; none for the default ones. */
  readonly config: readonly string[];
  readonly demo: boolean;
  /** Whether a change of the configuration's files reloads it. */
  readonly watch: boolean;
  readonly log: LogSettings;
}

/** Runs a gateway until a signal stops it. @returns the exit code. */
export async function start(options: StartOptions): Promise<number> {
  const log = openLog(options.log);
  const { logger } = log;
  const reloads = new Reloads(logger);
  const stopSignal = untilSignal(systemClock, () => reloads.ask());
  const uncaught = untilUncaught(logger);
  const running = await launch(options, log, reloads, systemClock);
  if (running === null) return EXIT_CODES.failed;

  let exitCode: number = EXIT_CODES.ok;
  // It may still come while a signal's drain is under way.
  void uncaught.then(() => {
    exitCode = EXIT_CODES.uncaught;
  });
  const signal = await Promise.race([stopSignal, uncaught]);
  reloads.end();
  if (signal !== undefined) logger.info({ signal }, 'stopping');
  await reportDrain(running.stop(), running.stats, {
    clock: systemClock,
    logger,
    everyMs: process.stdout.isTTY ? TERMINAL_PROGRESS_MS : LOG_PROGRESS_MS,
  });
  logger.info(countsOf(await running.stats()), 'stopped');
  if (signal === 'SIGHUP') endBy(signal);
  return exitCode;
}

/** Brings everything up, or says why it cannot. */
async function launch(
  options: StartOptions,
  log: CommandLog,
  reloads: Reloads,
  clock: Clock,
): Promise<Running | null> {
  const { logger } = log;
  const read = () => readConfig(configPaths(options), readOptions());
  let serving: Serving | null = null;
  try {
    // A change while it starts is a change.
    const files = (): readonly string[] => serving?.files() ?? [];
    const unwatch = options.watch ? await watchConfig(options, files, reloads, clock) : () => {};
    const listenFd = takePassedSocket(process.env, process.pid, logger);
    const socket = listenFd === undefined ? {} : { listenFd };
    serving = await serve(await read(), { logLevel: options.log.level, ...socket }, log, clock);
    const { config, address, warnings, stats, stop, reload } = serving;
    const demo = options.demo ? await launchDemo(config, address, { logger, clock }) : null;
    announce(options, serving, demo, logger);
    reloads.begin({ warnings, reload: () => reload(read) });
    return {
      reload,
      stats,
      async stop() {
        unwatch();
        // The gateway first, so that its clients hear of the restart from it and not from an upstream that vanishes.
        await stop();
        await demo?.stop();
      },
    };
  } catch (error) {
    process.stderr.write(`${explain(error)}\n`);
    await serving?.stop();
    return null;
  }
}

function watchConfig(
  options: StartOptions,
  files: () => readonly string[],
  reloads: Reloads,
  clock: Clock,
): Promise<Cancel> {
  const list = async () => [...(await findFiles(configPaths(options), process.cwd())).keys()];
  return new FileWatch({ clock, list, others: files, changed: () => reloads.ask() }).begin();
}

/** The demo is code of its own that nobody else loads. */
async function launchDemo(
  config: Config,
  address: GatewayAddress,
  services: { readonly logger: Logger; readonly clock: Clock },
): Promise<Demo> {
  const { startDemoFor } = await import('./demo.ts');
  return startDemoFor(config, address, services);
}

const countsOf = ({ opened, refused }: GatewayStats): LogFields => ({ opened, refused });

function announce(
  { log }: StartOptions,
  { config, warnings, address, workers }: Serving,
  demo: Demo | null,
  logger: Logger,
): void {
  const overview = overviewOf(config, address, packageVersion(), { demo, workers });
  if (log.format === 'pretty' && !config.server.disableStartupMessage) {
    process.stdout.write(renderBanner(overview, { color: log.color }));
  } else {
    const { appName, enablePrintRoutes } = config.server;
    const fields = { url: overview.listening.url, appName, routes: config.routes.length };
    logger.info(workers === 1 ? fields : { ...fields, workers }, 'listening');
    if (enablePrintRoutes) for (const route of overview.routes) logger.info({ ...route }, 'route');
  }
  for (const warning of warnings) logger.warn({}, inOneLine(warning));
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
