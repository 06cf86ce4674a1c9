import type { Clock } from '../../src/base/clock.ts';
import type { Logger } from '../../src/base/logger.ts';
import { CountingClock } from './counting-clock.ts';
import { within } from './deadline.ts';
import { RecordingLogger } from './recording-logger.ts';
import { settled } from './resources.ts';

/** What the gateway counts about itself. */
export interface GatewayStats {
  readonly connections: number;
  readonly opened: number;
  readonly ended: number;
  readonly refused: number;
  readonly pendingHandshakes: number;
}

/** As much of the library's gateway as tests need. */
export interface Gateway {
  start(): Promise<{ host: string; port: number }>;
  stop(): Promise<void>;
  stats(): GatewayStats;
}

/** What a test may put in place of the gateway's own. */
export interface GatewayOverrides {
  readonly clock?: Clock & { readonly pending: number };
  readonly logger?: Logger;
}

interface Library {
  createGateway(options: Record<string, unknown>): Gateway | Promise<Gateway>;
  loadConfig(paths: string | readonly string[]): Promise<unknown>;
}

/** A gateway in this process, on a port of 127.0.0.1 that was free. */
export interface StartedGateway {
  readonly gateway: Gateway;
  readonly host: string;
  readonly port: number;
  /** The log, unless the test brought a logger of its own. */
  readonly log: RecordingLogger;
  readonly clock: Clock & { readonly pending: number };
  stats(): GatewayStats;
  /** The `cause` of the next connection that ended, in the order of the log, from its line in it. */
  nextCause(): Promise<unknown>;
  /** Stops it, and fails when connections, handshakes or timers are left. */
  stop(): Promise<void>;
}

/**
 * Starts a gateway on a configuration: a plain object of the YAML files' shape, or paths of files and folders.
 * The address is 127.0.0.1:0 unless the object says otherwise.
 */
export async function startGateway(
  config: Readonly<Record<string, unknown>> | readonly string[],
  overrides: GatewayOverrides = {},
): Promise<StartedGateway> {
  const { createGateway, loadConfig } = await library();
  const log = new RecordingLogger();
  const clock = overrides.clock ?? new CountingClock();
  const gateway = await createGateway({
    config: Array.isArray(config) ? await loadConfig(config) : withAddress(config as Record<string, unknown>),
    logger: overrides.logger ?? log,
    clock,
  });
  const address = await within(gateway.start(), 'start of the gateway');
  let causes = 0;
  return {
    gateway,
    ...address,
    log,
    clock,
    stats: () => gateway.stats(),
    async nextCause() {
      const nth = causes++;
      const line = log.line(() => log.lines.filter(hasCause).length > nth);
      await within(line, 'log line of an ended connection');
      return log.lines.filter(hasCause)[nth]?.fields['cause'];
    },
    async stop() {
      await within(gateway.stop(), 'stop of the gateway');
      await settled(() => imbalance(gateway.stats(), clock.pending));
    },
  };
}

/** The smallest configuration that forwards `path` to an upstream. */
export function forwardingConfig(
  upstreamEndpoint: string,
  action: Readonly<Record<string, unknown>> = {},
  server: Readonly<Record<string, unknown>> = {},
  path = '/',
): Record<string, unknown> {
  return {
    server,
    plugins: [{ path: 'wsfw' }],
    actions: {
      Forward: { use: 'plugins.wsfw.actions.WebSocketAction', config: { upstreamEndpoint, ...action } },
    },
    routes: [{ path, method: 'GET', action: 'Forward' }],
  };
}

function withAddress(config: Record<string, unknown>): Record<string, unknown> {
  const server = (config['server'] ?? {}) as Record<string, unknown>;
  return { ...config, server: { address: '127.0.0.1:0', disableStartupMessage: true, ...server } };
}

function hasCause(line: { fields: Readonly<Record<string, unknown>> }): boolean {
  return typeof line.fields['cause'] === 'string';
}

function imbalance(stats: GatewayStats, timers: number): string | null {
  if (stats.connections !== 0) return `${stats.connections} connections are still open`;
  if (stats.opened !== stats.ended) return `${stats.opened} connections opened and ${stats.ended} ended`;
  if (stats.pendingHandshakes !== 0) return `${stats.pendingHandshakes} handshakes are still under way`;
  return timers === 0 ? null : `${timers} timers are still set`;
}

async function library(): Promise<Library> {
  return (await import(new URL('../../src/index.ts', import.meta.url).href)) as Library;
}
