import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startNodeProxy } from '../node-proxy.mjs';

const CLI = new URL('../../../dist/cli/main.js', import.meta.url);
const MAX_WORKERS = 64;

/** @type {import('../index.mjs').Proxy} */
export const wsfw = {
  name: 'wsfw',
  title: 'wsfw, heartbeats and inactivity on',
  install: 'npm run build',
  find() {
    if (!existsSync(CLI)) return null;
    return JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')).version;
  },
  start(how) {
    const configs = ['gateway.yaml', how.tls === null ? 'server.yaml' : 'server-tls.yaml'];
    const args = configs.flatMap((file) => ['--config', fileURLToPath(new URL(file, import.meta.url))]);
    return startNodeProxy('wsfw', CLI, how, ['start', ...args, '--log-level', 'warn'], MAX_WORKERS);
  },
};
