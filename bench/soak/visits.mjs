import { setTimeout as pause } from 'node:timers/promises';
import { OPCODE } from '../lib/websocket.mjs';
import { handshake, Visitor } from './visitor.mjs';
import { TEXT } from './wire.mjs';

/** @typedef {(visitor: Visitor) => Promise<void>} Visit */

const KIB = 1024;

/** @param {number} high */
const below = (high) => Math.floor(Math.random() * high);

/** @param {string} path */
const open = (path) => async (/** @type {Visitor} */ visitor) => {
  if (!(await visitor.open(path))) throw new Error(`${path} was answered ${visitor.status}`);
};

/** @type {Visit} */
async function comeAndGo(visitor) {
  await open('/echo')(visitor);
  visitor.wire.close();
  await visitor.over();
}

/** @type {Visit} */
async function chat(visitor) {
  await open('/echo')(visitor);
  let sentBytes = 0;
  for (let i = below(20); i >= 0; i--) {
    const bytes = Math.random() < 0.1 ? below(200 * KIB) : below(2 * KIB);
    sentBytes += bytes;
    visitor.wire.send(TEXT, Buffer.alloc(bytes, 'c'));
    await pause(below(300));
  }
  await visitor.until('echo', () => visitor.wire.receivedBytes >= sentBytes);
  if (visitor.wire.receivedBytes !== sentBytes) throw new Error('an echo was lost');
  visitor.wire.close();
  await visitor.over();
}

/** Stays for a while, and leaves in one of the ways there are. @type {Visit} */
async function idle(visitor) {
  await open('/echo')(visitor);
  await pause(below(15_000));
  const leave = below(4);
  if (leave === 0) visitor.wire.close();
  else if (leave === 1) visitor.socket.end();
  else if (leave === 2) visitor.socket.resetAndDestroy();
  // Or it waits until the gateway finds that nothing was said for too long.
  await visitor.over();
}

/** Says much at once, and reads all of it. @type {Visit} */
async function flood(visitor) {
  await open('/echo')(visitor);
  const message = Buffer.alloc(64 * KIB, 'f');
  for (let i = 0; i < 64; i++) visitor.wire.send(TEXT, message);
  await visitor.until('echo', () => visitor.wire.receivedBytes >= 64 * message.length);
  visitor.wire.close();
  await visitor.over();
}

/** Reads slower than the upstream sends, and has enough some time. @type {Visit} */
async function readSlowly(visitor) {
  await open('/flood')(visitor);
  for (let i = 0; i < 40 && !visitor.ended; i++) {
    visitor.socket.pause();
    await pause(50);
    visitor.socket.resume();
    await pause(5);
  }
  visitor.socket.resetAndDestroy();
}

/** Reads nothing of a flood: the gateway ends it. @type {Visit} */
async function readNothing(visitor) {
  await open('/flood')(visitor);
  visitor.socket.pause();
  await pause(6_000);
  visitor.socket.resume();
  await visitor.over();
}

/** @type {Visit} */
async function reset(visitor) {
  const when = below(4);
  if (when === 0) visitor.socket.write('GET /echo HT');
  else if (when === 1) visitor.socket.write(handshake('/echo'));
  else await open('/echo')(visitor);
  // In the middle of a frame.
  if (when === 3) visitor.socket.write(Buffer.from([0x82, 0xfe, 0xff, 0xff, 1, 2, 3, 4, 5]));
  await pause(below(20));
  visitor.socket.resetAndDestroy();
}

/** Vanishes without a word, as with its network. @type {Visit} */
async function vanish(visitor) {
  await open('/echo')(visitor);
  visitor.wire.answers = false;
  visitor.socket.pause();
  await pause(12_000);
  visitor.socket.resume();
  await visitor.over();
}

/** @type {Visit} */
async function ping(visitor) {
  await open('/echo')(visitor);
  for (let i = 0; i < 40; i++) {
    visitor.wire.send(OPCODE.ping, Buffer.from(String(i)));
    await pause(50);
  }
  await visitor.until('pong', () => visitor.wire.pongs >= 40);
  if (visitor.wire.pongs !== 40) throw new Error(`40 pings, ${visitor.wire.pongs} pongs`);
  visitor.wire.close();
  await visitor.over();
}

/** Sends what no client may. @type {Visit} */
async function misbehave(visitor) {
  await open('/echo')(visitor);
  if (below(2) === 0) visitor.socket.write(Buffer.from([0xc1, 0x80, 0, 0, 0, 0]));
  else for (let i = 0; i < 400; i++) visitor.wire.send(OPCODE.ping, Buffer.alloc(0));
  await visitor.over();
}

/**
 * @param {string} request
 * @param {number} status
 * @returns {Visit}
 */
const refused = (request, status) => async (visitor) => {
  visitor.socket.write(request);
  await visitor.over();
  if (visitor.status !== status) throw new Error(`answered ${visitor.status} instead of ${status}`);
};

/**
 * @param {string} path
 * @returns {Visit}
 */
const endedByUpstream = (path) => async (visitor) => {
  await open(path)(visitor);
  await visitor.over();
};

/** What visitors do, and how many of a hundred do it. @type {readonly (readonly [weight: number, name: string, visit: Visit])[]} */
export const VISITS = [
  [20, 'come and go', comeAndGo],
  [20, 'chat', chat],
  [12, 'idle', idle],
  [2, 'flood', flood],
  [2, 'read slowly', readSlowly],
  [2, 'read nothing', readNothing],
  [8, 'reset', reset],
  [4, 'vanish', vanish],
  [6, 'ping', ping],
  [4, 'misbehave', misbehave],
  [3, 'malformed request', refused('GET /echo HTTP/1.1\r\nHost: a\r\nbroken\r\n\r\n', 400)],
  [3, 'no route', refused(handshake('/no/where'), 404)],
  [2, 'refused by the upstream', refused(handshake('/refuse'), 403)],
  [2, 'no upstream', refused(handshake('/closed-port'), 502)],
  [2, 'mute upstream', refused(handshake('/mute'), 504)],
  [2, 'half a request', refused('GET /echo HTTP/1.1\r\nHost:', 408)],
  [2, 'reset by the upstream', endedByUpstream('/reset')],
  [1, 'dead upstream', endedByUpstream('/dead')],
  [2, 'closed by the upstream', endedByUpstream('/closing')],
  [1, 'broken upstream', endedByUpstream('/broken')],
];
