import { execFileSync } from 'node:child_process';
import type { Server } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { settled } from '../support/resources.ts';
import { GatewayProcess } from './gateway-process.ts';
import { openIdleClients, startIdleUpstream, Tally } from './idle-peer.ts';

const CONNECTIONS = 5_000;
const WARM_UP = 500;
const HANDSHAKES_AT_ONCE = 200;
/** Both ends in this process; both legs in the gateway's; and some for Node itself. */
const DESCRIPTORS = 2 * CONNECTIONS + 500;

const config = (upstreamPort: number) => `
plugins:
  - path: wsfw
actions:
  Forward:
    use: plugins.wsfw.actions.WebSocketAction
    config:
      upstreamEndpoint: ws://127.0.0.1:${upstreamPort}/
      pingInterval: 4s
      pongTimeout: 20s
      maxInactivity: 5m
routes:
  - path: /idle
    method: GET
    action: Forward
`;

const clients = new Tally();
const upstreams = new Tally();
let gateway: GatewayProcess | null = null;
let upstream: { server: Server } | null = null;

afterEach(() => {
  gateway?.dispose();
  upstream?.server.close();
});

describe('a gateway process', () => {
  it(`holds ${CONNECTIONS} idle connections, pings them, drains them, and lets go of every socket`, async ({
    skip,
  }) => {
    const limit = maxDescriptors();
    skip(
      limit < DESCRIPTORS,
      `needs ${DESCRIPTORS} file descriptors, this system allows ${limit} (ulimit -Hn)`,
    );
    const idle = await startIdleUpstream(upstreams);
    upstream = idle;
    const running = await GatewayProcess.start(config(idle.port));
    gateway = running;

    const emptySockets = running.sockets() ?? 0;
    await warmUp(running);
    // The connection that found it listening may still have counted at the start.
    await settled(() =>
      (running.sockets() ?? 0) <= emptySockets ? null : `${running.sockets()} sockets left`,
    );
    const emptyBytes = running.rssBytes();

    const opening = performance.now();
    await openIdleClients(running.port, CONNECTIONS, HANDSHAKES_AT_ONCE, clients);
    const openedMs = performance.now() - opening;
    await onBothSides('ping to every end', 20_000, (side) => side.pinged >= CONNECTIONS);
    const bytesEach = (running.rssBytes() - emptyBytes) / CONNECTIONS;

    const draining = performance.now();
    expect(await running.drain(20_000)).toBe(0);
    const drainedMs = performance.now() - draining;
    await onBothSides('close of every socket', 5_000, (side) => side.closed === WARM_UP + CONNECTIONS);

    expect(clients.closeCodes).toEqual(
      new Map([
        [1000, WARM_UP],
        [1012, CONNECTIONS],
      ]),
    );
    expect(upstreams.closeCodes).toEqual(
      new Map([
        [1000, WARM_UP],
        [1001, CONNECTIONS],
      ]),
    );
    expect([...clients.failures, ...upstreams.failures]).toEqual([]);
    console.log(
      `${CONNECTIONS} idle connections: opened in ${seconds(openedMs)}, ${(bytesEach / 1024).toFixed(1)} KiB each, ` +
        `drained in ${seconds(drainedMs)}`,
    );
  });
});

/** Loads code and grows pools, so that what is measured after it belongs to the connections. */
async function warmUp(running: GatewayProcess): Promise<void> {
  const peers = await openIdleClients(running.port, WARM_UP, HANDSHAKES_AT_ONCE, clients);
  for (const peer of peers) peer.close(1000);
  await onBothSides('end of the warm-up', 10_000, (side) => side.closed === WARM_UP);
  // A connection may have been pinged on the way.
  clients.pinged = 0;
  upstreams.pinged = 0;
}

async function onBothSides(what: string, deadlineMs: number, done: (side: Tally) => boolean): Promise<void> {
  await Promise.all([clients, upstreams].map((side) => side.until(what, deadlineMs, () => done(side))));
}

/** Node raises its own soft limit to the hard one when it starts. */
function maxDescriptors(): number {
  const text = execFileSync('sh', ['-c', 'ulimit -Hn']).toString().trim();
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : Number(text);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
