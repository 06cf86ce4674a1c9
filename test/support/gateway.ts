import type { Clock } from '../../src/base/clock.ts';
import type { Connection } from '../../src/base/connection.ts';
import type { Logger } from '../../src/base/logger.ts';
import type { Observer, Refusal } from '../../src/base/observer.ts';
import type { RelayResult } from '../../src/base/relay.ts';
import { createGateway, type Gateway, loadConfig } from '../../src/index.ts';
import { CountingClock } from './counting-clock.ts';
import { within } from './deadline.ts';
import { RecordingLogger } from './recording-logger.ts';
import { settled } from './resources.ts';

/** A configuration: an object of the YAML files' shape, or paths of files and folders. */
export type TestConfig = Readonly<Record<string, unknown>> | readonly string[];

/** What a test may put in place of the gateway's own. */
export interface GatewayOverrides {
  /** Its timers must all be gone when the gateway has stopped. */
  readonly clock?: Clock & { readonly pending: number };
  readonly logger?: Logger;
}

/** A gateway in this process, listening on a port that was free. */
export interface StartedGateway {
  readonly gateway: Gateway;
  readonly host: string;
  readonly port: number;
  /** The log, unless the test brought a logger of its own. */
  readonly log: RecordingLogger;
  readonly clock: Clock & { readonly pending: number };
  /** Everything it reported, in order. */
  readonly events: GatewayEvents;
  stats(): ReturnType<Gateway['stats']>;
  /** The next connection that was opened. */
  nextOpened(): Promise<Connection>;
  /** How the next connection ended. */
  nextResult(): Promise<RelayResult>;
  /** The cause of the next connection that ended. */
  nextCause(): Promise<RelayResult['cause']>;
  /** The next handshake that was refused. */
  nextRefusal(): Promise<Refusal>;
  /** Stops it, and fails when connections, handshakes or timers are left. */
  stop(): Promise<void>;
}

/** Collects what a gateway reports, and lets tests wait for it. */
export class GatewayEvents implements Observer {
  readonly opens: Connection[] = [];
  readonly results: RelayResult[] = [];
  readonly refusals: Refusal[] = [];
  readonly #watchers = new Set<() => void>();

  opened(connection: Connection): void {
    this.opens.push(connection);
    this.#changed();
  }

  ended(_connection: Connection, result: RelayResult): void {
    this.results.push(result);
    this.#changed();
  }

  refused(refusal: Refusal): void {
    this.refusals.push(refusal);
    this.#changed();
  }

  /** The list's entry at `index`, now or once it is there. */
  at<T>(list: readonly T[], index: number, what: string): Promise<T> {
    const there = new Promise<T>((resolve) => {
      const look = () => {
        const entry = list[index];
        if (entry === undefined) return;
        this.#watchers.delete(look);
        resolve(entry);
      };
      this.#watchers.add(look);
      look();
    });
    return within(there, what);
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }
}

/** Starts a gateway; its address is 127.0.0.1:0 unless the configuration says otherwise. */
export async function startGateway(
  config: TestConfig,
  overrides: GatewayOverrides = {},
): Promise<StartedGateway> {
  const log = new RecordingLogger();
  const events = new GatewayEvents();
  const clock = overrides.clock ?? new CountingClock();
  const gateway = createGateway({
    config: isPaths(config) ? await loadConfig([...config]) : withAddress(config),
    logger: overrides.logger ?? log,
    observer: events,
    clock,
  });
  const { host, port } = await within(gateway.start(), 'start of the gateway');
  return { gateway, host, port, log, clock, events, ...waitsFor(gateway, events, clock) };
}

/** The smallest configuration that forwards `path` to an upstream, or to several. */
export function forwardingConfig(
  upstream: string | readonly unknown[],
  action: Readonly<Record<string, unknown>> = {},
  server: Readonly<Record<string, unknown>> = {},
  path = '/',
): Record<string, unknown> {
  const endpoints =
    typeof upstream === 'string' ? { upstreamEndpoint: upstream } : { upstreamEndpoints: upstream };
  return {
    server,
    plugins: [{ path: 'wsfw' }],
    actions: {
      Forward: { use: 'plugins.wsfw.actions.WebSocketAction', config: { ...endpoints, ...action } },
    },
    routes: [{ path, method: 'GET', action: 'Forward' }],
  };
}

function waitsFor(gateway: Gateway, events: GatewayEvents, clock: { readonly pending: number }) {
  const seen = { opened: 0, results: 0, refusals: 0 };
  const nextResult = () => events.at(events.results, seen.results++, 'end of a connection');
  return {
    stats: () => gateway.stats(),
    nextOpened: () => events.at(events.opens, seen.opened++, 'opened connection'),
    nextResult,
    nextCause: async () => (await nextResult()).cause,
    nextRefusal: () => events.at(events.refusals, seen.refusals++, 'refused handshake'),
    async stop() {
      await within(gateway.stop(), 'stop of the gateway');
      await settled(() => imbalance(gateway, events, clock.pending));
    },
  };
}

function isPaths(config: TestConfig): config is readonly string[] {
  return Array.isArray(config);
}

function withAddress(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const server = (config['server'] ?? {}) as Record<string, unknown>;
  return { ...config, server: { address: '127.0.0.1:0', disableStartupMessage: true, ...server } };
}

function imbalance(gateway: Gateway, events: GatewayEvents, timers: number): string | null {
  const stats = gateway.stats();
  if (stats.connections !== 0) return `${stats.connections} connections are still open`;
  if (stats.opened !== stats.ended) return `${stats.opened} connections opened and ${stats.ended} ended`;
  if (stats.pendingHandshakes !== 0) return `${stats.pendingHandshakes} handshakes are still under way`;
  if (events.results.length !== stats.ended)
    return `${events.results.length} results for ${stats.ended} ends`;
  if (events.refusals.length !== stats.refused)
    return `${events.refusals.length} refusals, ${stats.refused} counted`;
  return timers === 0 ? null : `${timers} timers are still set`;
}
