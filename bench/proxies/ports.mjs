import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const START_TIMEOUT_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0));
    });
  });
}

/**
 * Stops the process and fails when it does not come up in time.
 * @param {() => Promise<boolean>} isUp
 * @param {import('../lib/child.mjs').Child} child
 */
export async function whenUp(isUp, child) {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await isUp())) {
    if (!child.running || performance.now() > deadline) {
      await child.stop();
      throw new Error(`the proxy did not come up:\n${child.output}`);
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * Whether somebody listens on the port.
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/**
 * Whether somebody listens on the port and says something to a request, be it that it wants TLS. A listening socket may
 * be there before the workers are.
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    const done = (/** @type {boolean} */ answered) => {
      socket.destroy();
      resolve(answered);
    };
    let connected = false;
    socket.once('connect', () => {
      connected = true;
    });
    socket.once('data', () => done(true));
    socket.once('end', () => done(true));
    socket.once('error', () => done(connected));
    socket.setTimeout(START_TIMEOUT_MS, () => done(false));
  });
}
