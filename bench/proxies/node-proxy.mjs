import { createRequire } from 'node:module';
import { Child } from '../lib/child.mjs';
import { usageOf } from '../lib/usage.mjs';
import { accepts, freePort, whenUp } from './ports.mjs';
import { processFamily } from './process-family.mjs';

/**
 * Starts a proxy that runs on Node and listens on BENCH_PORT.
 * @param {string} name
 * @param {URL} file
 * @param {import('./index.mjs').StartOptions} how
 * @param {string[]} [args]
 * @param {number} [maxWorkers] How many it can have; it is told in BENCH_WORKERS.
 * @returns {Promise<import('./index.mjs').RunningProxy>}
 */
export async function startNodeProxy(name, file, how, args = [], maxWorkers = 1) {
  const { upstreamPort, nodeFlags, env: extra, tls, workers } = how;
  if (workers > maxWorkers) throw new Error(`${name} runs with one worker only, not ${workers}`);
  const port = await freePort();
  const env = {
    ...extra,
    NODE_ENV: 'production',
    BENCH_PORT: String(port),
    BENCH_UPSTREAM_PORT: String(upstreamPort),
    BENCH_WORKERS: String(workers),
    ...(tls && { BENCH_CERT_FILE: tls.certFile, BENCH_KEY_FILE: tls.keyFile }),
  };
  const child = new Child(name, file, { args, env, nodeFlags: ['--expose-gc', ...nodeFlags], probe: true });
  await whenUp(() => accepts(port), child);
  return {
    port,
    get pids() {
      return processFamily(child.pid);
    },
    usage: () => usageOf(processFamily(child.pid), () => child.ask('usage')),
    collectGarbage: () => child.ask('collectGarbage'),
    stop: () => child.stop(),
  };
}

/**
 * The version of an npm package; `null` when it is not installed.
 * @param {string} name
 * @returns {string | null}
 */
export function packageVersion(name) {
  try {
    return createRequire(import.meta.url)(`${name}/package.json`).version;
  } catch {
    return null;
  }
}
