// The gateway under test: three gateways, one with TLS and one behind a proxy, in a process of their own, and a channel to ask after them.
import { readdirSync, readlinkSync } from 'node:fs';
import { createGateway, type Gateway, type Logger, type Observer, type RelayResult } from 'wsfw';
import { Coverage } from './coverage.ts';
import { gatewayConfig } from './gateway-config.ts';
import type { GatewayState, Question, Reply, StartArguments } from './messages.ts';

const coverage = new Coverage();
const gateways: Gateway[] = [];
/** What must never happen, in words. */
const complaints: string[] = [];
const counts: Record<string, number> = {};

const complain = (what: string): void => void complaints.push(what);
const count = (what: string): void => {
  counts[what] = (counts[what] ?? 0) + 1;
};

process.on('uncaughtException', (error) => complain(`uncaughtException: ${describe(error)}`));
process.on('unhandledRejection', (error) => complain(`unhandledRejection: ${describe(error)}`));

const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

const logger: Logger = {
  debug() {},
  info() {},
  warn: (_fields, message) => count(`warning: ${message}`),
  error: (fields, message) => complain(`logged as an error: ${message}: ${describe(fields['err'])}`),
  child: () => logger,
};

/** Each connection is opened once and ended once, whatever happens to it. */
class Bookkeeper implements Observer {
  readonly #open = new Set<string>();

  opened({ id }: { readonly id: string }): void {
    if (this.#open.has(id)) complain(`the connection ${id} was opened twice`);
    this.#open.add(id);
  }

  ended({ id }: { readonly id: string }, { cause }: RelayResult): void {
    if (!this.#open.delete(id)) complain(`the connection ${id} ended twice, or was never opened`);
    count(`cause: ${cause}`);
  }

  refused({ status, reason, error }: Parameters<Observer['refused']>[0]): void {
    count(`status: ${status}`);
    if (status === 500 && error !== undefined) complain(`answered 500: ${reason}: ${describe(error)}`);
  }
}

const isPresent = <T>(value: T | null): value is T => value !== null;

function socketsOf(): number | null {
  try {
    const links = readdirSync('/proc/self/fd').map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return null;
      }
    });
    return links.filter(isPresent).filter((link) => link.startsWith('socket:')).length;
  } catch {
    return null;
  }
}

function state(): GatewayState {
  const stats = gateways.map((gateway) => gateway.stats());
  const resources = process.getActiveResourcesInfo();
  return {
    connections: stats.reduce((sum, each) => sum + each.connections, 0),
    pendingHandshakes: stats.reduce((sum, each) => sum + each.pendingHandshakes, 0),
    sockets: socketsOf() ?? resources.filter((name) => name === 'TCPSocketWrap').length,
    timers: resources.filter((name) => name === 'Timeout').length,
    heapBytes: process.memoryUsage().heapUsed,
    rssBytes: process.memoryUsage.rss(),
    complaints: complaints.splice(0),
    counts,
  };
}

const answers: Record<string, (argument: unknown) => unknown> = {
  async start(argument) {
    const { upstream, certFile, keyFile, watchCoverage } = argument as StartArguments;
    if (watchCoverage) await coverage.start();
    const config = gatewayConfig(upstream);
    const secure = { ...config.server, tls: true, certFile, keyFile, trustedProxies: ['127.0.0.1'] };
    const ports: number[] = [];
    const proxied = { ...config.server, proxyProtocol: true, trustedProxies: ['127.0.0.1'] };
    for (const server of [config.server, secure, proxied]) {
      const gateway = createGateway({ config: { ...config, server }, logger, observer: new Bookkeeper() });
      ports.push((await gateway.start()).port);
      gateways.push(gateway);
    }
    return { plainPort: ports[0], tlsPort: ports[1], proxyPort: ports[2] };
  },
  state,
  collectedState() {
    globalThis.gc?.();
    return state();
  },
  newCoverage: () => coverage.take(),
  async stop() {
    await Promise.all(gateways.map((gateway) => gateway.stop()));
  },
};

process.on('message', (question: Question) => {
  const answer = async (): Promise<Reply> => {
    try {
      return { id: question.id, result: await answers[question.ask]?.(question.argument) };
    } catch (error) {
      return { id: question.id, error: describe(error) };
    }
  };
  void answer().then((reply) => process.send?.(reply));
});
// Nobody is left to fuzz for.
process.on('disconnect', () => process.exit());
