import type { Clock } from '../../src/base/clock.ts';
import { systemClock } from '../../src/base/clock.ts';
import type { Refusal } from '../../src/base/observer.ts';
import { checkUpgrade } from '../../src/http/check-upgrade.ts';
import type { AcceptedLeg, Exchange } from '../../src/http/exchange.ts';
import {
  createListener,
  type Listener,
  type ListenerParts,
  type ListenerSettings,
} from '../../src/http/listener.ts';
import { createRouter, type Routable } from '../../src/http/router.ts';
import type { Site } from '../../src/http/site.ts';
import { RecordingLogger } from './recording-logger.ts';

/** A route of a test: what it serves, and how. */
export interface TestRoute extends Partial<Routable> {
  readonly path: string;
  /** Default `true`. */
  readonly upgrades?: boolean;
  readonly handle: (exchange: Exchange) => Promise<void>;
}

export interface TestListener {
  readonly listener: Listener;
  readonly port: number;
  readonly refusals: Refusal[];
  readonly logger: RecordingLogger;
}

export interface TestListenerOptions {
  readonly settings?: Partial<ListenerSettings>;
  readonly tls?: ListenerParts['tls'];
  readonly clock?: Clock;
  readonly ready?: () => boolean;
}

const SETTINGS: ListenerSettings = {
  address: { host: '127.0.0.1', port: 0 },
  trustedProxies: [],
  proxyProtocol: false,
  healthRoutes: { live: '/health/live', ready: '/health/ready' },
  serverHeader: '',
  maxPendingHandshakes: 1000,
  readTimeoutMs: 10_000,
  idleTimeoutMs: 5_000,
};

/** A site of these routes. */
export function siteOf(routes: readonly TestRoute[]): Site {
  const known = routes.map((route) => ({
    name: route.path,
    methods: ['GET'],
    host: null,
    upgrades: true,
    ...route,
  }));
  const router = createRouter(known, { strictRouting: false, caseSensitive: false });
  return {
    match(query) {
      const found = router.find(query);
      if ('allow' in found) return found;
      const { name, path, upgrades, handle } = found.route;
      return { route: { name, pattern: path, action: 'test' }, params: found.params, upgrades, handle };
    },
  };
}

/** A listener on a free port of 127.0.0.1 that serves these routes. */
export async function startListener(
  routes: readonly TestRoute[],
  options: TestListenerOptions = {},
): Promise<TestListener> {
  const site = siteOf(routes);
  const refusals: Refusal[] = [];
  const logger = new RecordingLogger();
  const listener = createListener({
    settings: { ...SETTINGS, ...options.settings },
    tls: options.tls ?? null,
    site: () => site,
    clock: options.clock ?? systemClock,
    logger,
    observer: { refused: (refusal) => refusals.push(refusal) },
    ready: options.ready ?? (() => true),
  });
  const { port } = await listener.listen();
  return { listener, port, refusals, logger };
}

/** Takes a WebSocket by itself, and gives its leg to whoever asks. */
export function acceptor() {
  const legs: AcceptedLeg[] = [];
  const waiting: ((leg: AcceptedLeg) => void)[] = [];
  return {
    handle: async (exchange: Exchange): Promise<void> => {
      const refusal = checkUpgrade(exchange);
      if (refusal !== null || exchange.upgrade === null) return exchange.respond(refusal ?? { status: 500 });
      const leg = await exchange.upgrade.accept({ subprotocol: '', extensions: '', headers: [] });
      const take = waiting.shift();
      if (take === undefined) legs.push(leg);
      else take(leg);
    },
    next: (): Promise<AcceptedLeg> => {
      const leg = legs.shift();
      return leg === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(leg);
    },
  };
}
