import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startNodeProxy } from '../node-proxy.mjs';

const MAX_WORKERS = 64;

export const wsfw = wsfwOf(
  'wsfw',
  'wsfw, heartbeats and inactivity on',
  new URL('../../../', import.meta.url),
);

const other = process.env.BENCH_OTHER;

/**
 * Another checkout of `wsfw`, built, in the folder that BENCH_OTHER names: to see what a change gives. None without it.
 * @type {readonly import('../index.mjs').Proxy[]}
 */
export const otherWsfw =
  other === undefined
    ? []
    : [wsfwOf('wsfw-other', `wsfw of ${other}`, new URL(`${pathToFileURL(resolve(other))}/`))];

/**
 * @param {string} name
 * @param {string} title
 * @param {URL} checkout
 * @returns {import('../index.mjs').Proxy}
 */
function wsfwOf(name, title, checkout) {
  const cli = new URL('dist/cli/main.js', checkout);
  return {
    name,
    title,
    install: 'npm run build',
    find() {
      if (!existsSync(cli)) return null;
      return JSON.parse(readFileSync(new URL('package.json', checkout), 'utf8')).version;
    },
    start(how) {
      const configs = ['gateway.yaml', how.tls === null ? 'server.yaml' : 'server-tls.yaml'];
      const args = configs.flatMap((file) => ['--config', fileURLToPath(new URL(file, import.meta.url))]);
      return startNodeProxy(name, cli, how, ['start', ...args, '--log-level', 'warn'], MAX_WORKERS);
    },
  };
}
