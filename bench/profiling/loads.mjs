import { setTimeout as sleep } from 'node:timers/promises';

/**
 * What a proxy does while it is profiled.
 * @typedef {object} ProfiledLoad
 * @property {string} name Part of the file's name.
 * @property {string} title
 * @property {(load: import('../measures/processes.mjs').Load, port: number) => Promise<void>} prepare
 * @property {(load: import('../measures/processes.mjs').Load, port: number, ms: number) => Promise<string>} run Says what was done.
 * @property {(load: import('../measures/processes.mjs').Load) => Promise<void>} finish
 */

const CONNECTIONS = 100;
const WARMUP_MS = 2_000;
/** As in the configuration of `wsfw` that is measured. */
const PING_INTERVAL_MS = 10_000;

/**
 * @param {string} name
 * @param {string} sizeTitle
 * @param {number} size
 * @param {number} depth
 * @returns {ProfiledLoad}
 */
function messages(name, sizeTitle, size, depth) {
  return {
    name,
    title: `messages of ${sizeTitle}, ${depth} in flight on each of ${CONNECTIONS} connections`,
    async prepare(load, port) {
      await load.open(name, port, CONNECTIONS);
      await load.drive(name, { depth, size, durationMs: WARMUP_MS });
    },
    async run(load, _port, durationMs) {
      const { messages: count } = await load.drive(name, { depth, size, durationMs });
      return `${count.toLocaleString('en')} messages`;
    },
    finish: (load) => load.close(name),
  };
}

/** @type {ProfiledLoad} */
const handshakes = {
  name: 'handshakes',
  title: 'handshakes: connections open, carry one message, and are reset',
  async prepare(load, port) {
    await openAndClose(load, port, WARMUP_MS);
  },
  async run(load, port, durationMs) {
    return `${(await openAndClose(load, port, durationMs)).toLocaleString('en')} connections`;
  },
  finish: async () => {},
};

/**
 * @param {import('../measures/processes.mjs').Load} load
 * @param {number} port
 * @param {number} durationMs
 */
async function openAndClose(load, port, durationMs) {
  const deadline = performance.now() + durationMs;
  let count = 0;
  while (performance.now() < deadline) {
    await load.open('handshakes', port, CONNECTIONS);
    await load.close('handshakes');
    count += CONNECTIONS;
  }
  return count;
}

const IDLE_CONNECTIONS = 8_000;

/**
 * Long enough in advance that pings are spread over their interval.
 * @type {ProfiledLoad}
 */
const heartbeats = {
  name: 'heartbeats',
  title: `${IDLE_CONNECTIONS.toLocaleString('en')} idle connections, pinged every 10 s on both sides`,
  async prepare(load, port) {
    await load.open('heartbeats', port, IDLE_CONNECTIONS);
    await sleep(PING_INTERVAL_MS);
  },
  async run(_load, _port, durationMs) {
    await sleep(durationMs);
    return `${durationMs / 1000} s`;
  },
  finish: (load) => load.close('heartbeats'),
};

/** @type {readonly ProfiledLoad[]} */
export const LOADS = [
  messages('128B-1', '128 B', 128, 1),
  messages('128B-8', '128 B', 128, 8),
  messages('64KiB-1', '64 KiB', 65_536, 1),
  messages('64KiB-8', '64 KiB', 65_536, 8),
  handshakes,
  heartbeats,
];
