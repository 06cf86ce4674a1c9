import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../lib/child.mjs';
import { usageOf } from '../lib/usage.mjs';

const START_TIMEOUT_MS = 10_000;

/**
 * Starts a proxy that runs on Node and listens on BENCH_PORT.
 * @param {string} name
 * @param {URL} file
 * @param {import('./index.mjs').StartOptions} how
 * @param {string[]} [args]
 * @returns {Promise<import('./index.mjs').RunningProxy>}
 */
export async function startNodeProxy(name, file, how, args = []) {
  const { upstreamPort, nodeFlags, env: extra, tls, workers } = how;
  if (workers !== 1) throw new Error(`${name} runs with one worker only, not ${workers}`);
  const port = await freePort();
  const env = {
    ...extra,
    NODE_ENV: 'production',
    BENCH_PORT: String(port),
    BENCH_UPSTREAM_PORT: String(upstreamPort),
    ...(tls && { BENCH_CERT_FILE: tls.certFile, BENCH_KEY_FILE: tls.keyFile }),
  };
  const child = new Child(name, file, { args, env, nodeFlags: ['--expose-gc', ...nodeFlags], probe: true });
  await whenListening(port, child);
  return {
    port,
    pids: [child.pid],
    usage: () => usageOf([child.pid], () => child.ask('usage')),
    collectGarbage: () => child.ask('collectGarbage'),
    stop: () => child.stop(),
  };
}

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
 * @param {number} port
 * @param {Child} child
 */
async function whenListening(port, child) {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await accepts(port))) {
    if (!child.running || performance.now() > deadline) {
      await child.stop();
      throw new Error(`no proxy came up on port ${port}:\n${child.output}`);
    }
    await sleep(50);
  }
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
