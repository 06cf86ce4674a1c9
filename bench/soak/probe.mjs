// Loaded into the gateway before its own code (`node --import`): says what the process holds. It does nothing unasked.
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { queryObjects } from 'node:v8';
import { answerParent } from '../lib/messenger.mjs';

/** What there is one of for each connection, handshake, and request, and where it is defined. */
const COUNTED = {
  connections: ['ForwardedConnection', '../../dist/forward/forwarded-connection.js'],
  relays: ['FrameRelay', '../../dist/relay/frame-relay.js'],
  handshakes: ['UpgradeExchange', '../../dist/http/upgrade-exchange.js'],
  requests: ['PlainExchange', '../../dist/http/plain-exchange.js'],
};

/**
 * What the process holds, after garbage was collected.
 * @typedef {{ sockets: number, handles: Record<string, number>, objects: Record<string, number>, heapBytes: number, rssBytes: number }} Holdings
 */

async function holdings() {
  // Twice, since what is let go by finalisers is garbage only afterwards.
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    sockets: countSockets(),
    handles: countHandles(),
    objects: await countObjects(),
    heapBytes: process.memoryUsage().heapUsed,
    rssBytes: process.memoryUsage.rss(),
  };
}

function countSockets() {
  const folder = '/proc/self/fd';
  if (!existsSync(folder))
    return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  return readdirSync(folder).filter((fd) => {
    try {
      return readlinkSync(`${folder}/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  }).length;
}

function countHandles() {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const name of process.getActiveResourcesInfo()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

async function countObjects() {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const [what, [name = '', file = '']] of Object.entries(COUNTED)) {
    const kind = (await import(file))[name];
    counts[what] = Number(queryObjects(kind, { format: 'count' }));
  }
  return counts;
}

answerParent({
  holdings,
  /** For the time series: costs the gateway nothing that would show. */
  glance: () => ({
    sockets: countSockets(),
    heapBytes: process.memoryUsage().heapUsed,
    rssBytes: process.memoryUsage.rss(),
  }),
});

// The gateway ends when its own work does, as if nobody listened here.
process.channel?.unref();
