import { afterEach, beforeEach } from 'vitest';
import { type EchoServer, type EchoServerOptions, startEchoServer } from './echo-server.ts';
import { type GatewayOverrides, type StartedGateway, startGateway } from './gateway.ts';
import { connectRaw, type OpenOptions, openRaw, type RawClientOptions, requestRaw } from './raw-client.ts';
import type { RawConnection } from './raw-connection.ts';
import { type RawUpstream, type RawUpstreamOptions, startRawUpstream } from './raw-upstream.ts';
import { backToBaseline, type Resources, resourcesNow } from './resources.ts';

type Cleanup = () => void | Promise<void>;

/**
 * Everything an end-to-end test starts. After each test it is taken down in the order in which the gateway notices
 * (clients, upstreams, gateways), and the test fails if a socket, timer, handshake or connection is left.
 */
export class TestBed {
  #baseline: Resources = {};
  #clients: RawConnection[] = [];
  #upstreams: Cleanup[] = [];
  #gateways: StartedGateway[] = [];

  /** Takes the baseline. */
  begin(): void {
    this.#baseline = resourcesNow();
  }

  async gateway(
    config: Readonly<Record<string, unknown>> | readonly string[],
    overrides?: GatewayOverrides,
  ): Promise<StartedGateway> {
    const gateway = await startGateway(config, overrides);
    this.#gateways.push(gateway);
    return gateway;
  }

  async upstream(options?: RawUpstreamOptions): Promise<RawUpstream> {
    const upstream = await startRawUpstream(options);
    this.#upstreams.push(() => upstream.close());
    return upstream;
  }

  /** A strict echo server; the test fails at its end when the server saw anything wrong. */
  async echo(options?: EchoServerOptions): Promise<EchoServer> {
    const echo = await startEchoServer(options);
    this.#upstreams.push(async () => {
      await echo.close();
      echo.assertClean();
    });
    return echo;
  }

  async connect(options: RawClientOptions): Promise<RawConnection> {
    return this.#keep(await connectRaw(options));
  }

  async request(options: OpenOptions): ReturnType<typeof requestRaw> {
    const requested = await requestRaw(options);
    this.#keep(requested.connection);
    return requested;
  }

  async open(options: OpenOptions): ReturnType<typeof openRaw> {
    return this.#keep(await openRaw(options));
  }

  /** Runs after the test and before the gateways stop: for what is not made here. */
  after(cleanup: Cleanup): void {
    this.#upstreams.push(cleanup);
  }

  /** Takes everything down and asserts that nothing is left. */
  async finish(): Promise<void> {
    const [clients, upstreams, gateways] = [this.#clients, this.#upstreams, this.#gateways];
    [this.#clients, this.#upstreams, this.#gateways] = [[], [], []];
    for (const client of clients) client.destroy();
    const failures = [
      ...(await failuresOf(upstreams.map(async (close) => close()))),
      ...(await failuresOf(gateways.map((gateway) => gateway.stop()))),
    ];
    if (failures.length > 0) throw failures[0];
    await backToBaseline(this.#baseline);
  }

  #keep<T extends RawConnection>(client: T): T {
    this.#clients.push(client);
    return client;
  }
}

async function failuresOf(closing: readonly Promise<void>[]): Promise<unknown[]> {
  const results = await Promise.allSettled(closing);
  return results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
}

/** A bed for every test of the file or block that calls this. */
export function useTestBed(): TestBed {
  const bed = new TestBed();
  beforeEach(() => bed.begin());
  afterEach(() => bed.finish());
  return bed;
}
