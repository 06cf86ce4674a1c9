import { afterEach, describe, expect, it } from 'vitest';
import type { AcceptedLeg, Exchange } from '../../src/http/exchange.ts';
import { certificates } from '../support/certificates/index.ts';
import { acceptor, startListener, type TestListener } from '../support/listener-fixture.ts';
import { openRaw } from '../support/raw-client.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { backToBaseline, resourcesNow } from '../support/resources.ts';

const baseline = resourcesNow();
const ends: { destroy(): void }[] = [];
const started: TestListener[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) end.destroy();
  for (const { listener } of started.splice(0)) await listener.close(0);
  await backToBaseline(baseline);
});

const turns = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 50));

describe.each([
  ['plain', null, {}],
  [
    'TLS',
    { cert: certificates.server.cert, key: certificates.server.key },
    { tls: { ca: certificates.ca, servername: 'localhost' } },
  ],
])('over %s, whoever takes an upgraded socket over', (_, tls, client) => {
  async function takeOver(take: (leg: AcceptedLeg) => void): Promise<RawConnection> {
    const { handle, next } = acceptor();
    // As in a gateway, where the upstream answers first.
    const late = (exchange: Exchange) => turns().then(() => handle(exchange));
    const one = await startListener([{ path: '/ws', handle: late }], { tls });
    started.push(one);
    // In the same turn as the acceptance, as the relay does.
    const taken = next().then((leg) => {
      ends.push(leg.stream);
      take(leg);
    });
    const connection = await openRaw({ port: one.port, path: '/ws', early: Buffer.alloc(40_000), ...client });
    ends.push(connection);
    await taken;
    return connection;
  }

  it('may pause it at once, and it stays paused', async () => {
    let read = 0;
    let paused = (): boolean => false;
    const connection = await takeOver(({ stream }) => {
      paused = () => stream.isPaused();
      stream.on('data', (chunk: Uint8Array) => {
        read += chunk.byteLength;
      });
      stream.pause();
    });
    connection.write(Buffer.alloc(200_000));
    await turns();
    expect({ read, paused: paused() }).toEqual({ read: 0, paused: true });
  });
});
