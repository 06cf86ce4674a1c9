// The load generator: sets of raw connections, and the traffic on them. Frames are encoded once, before a window begins.
import { answerParent } from '../lib/messenger.mjs';
import { ClosedLoop } from './load/closed-loop.mjs';
import { ConnectionSet } from './load/connection-set.mjs';
import { runHandshakes } from './load/handshakes.mjs';
import { closeNotReading, openNotReading } from './load/not-reading.mjs';
import { OpenLoop } from './load/open-loop.mjs';

/** @type {Map<string, ConnectionSet>} */
const sets = new Map();

/** @param {string} name */
function setNamed(name) {
  const set = sets.get(name) ?? new ConnectionSet();
  sets.set(name, set);
  return set;
}

/**
 * @typedef {{ set: string }} OnSet
 *
 * @type {{
 *   open(how: OnSet & { count: number } & import('./load/connection.mjs').Target): Promise<void>,
 *   drive(how: OnSet & { depth: number, size: number, durationMs: number }): Promise<unknown>,
 *   pace(how: OnSet & { rate: number, size: number, durationMs: number }): Promise<unknown>,
 *   check(how: OnSet): void,
 *   close(how: OnSet): Promise<void>,
 * }}
 */
const commands = {
  open: ({ set, count, ...target }) => setNamed(set).open(target, count),
  drive: ({ set, ...how }) => setNamed(set).drive((connections) => new ClosedLoop(connections, how)),
  pace: ({ set, ...how }) => setNamed(set).drive((connections) => new OpenLoop(connections, how)),
  check: ({ set }) => setNamed(set).check(),
  async close({ set }) {
    await setNamed(set).close();
    sets.delete(set);
  },
};

answerParent({ ...commands, handshakes: runHandshakes, openNotReading, closeNotReading });
