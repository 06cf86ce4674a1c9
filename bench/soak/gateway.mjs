import { fileURLToPath } from 'node:url';
import { Child } from '../lib/child.mjs';
import { accepts, freePort, whenUp } from '../proxies/ports.mjs';

const MAIN = new URL('../../dist/cli/main.js', import.meta.url);
const CONFIG = fileURLToPath(new URL('./gateway.yaml', import.meta.url));
const PROBE = new URL('./probe.mjs', import.meta.url).href;

/**
 * Starts the real command.
 * @param {number} upstreamPort
 * @returns {Promise<{ port: number, child: Child }>}
 */
export async function startGateway(upstreamPort) {
  const port = await freePort();
  const env = {
    SOAK_PORT: String(port),
    SOAK_UPSTREAM_PORT: String(upstreamPort),
    SOAK_CLOSED_PORT: String(await freePort()),
  };
  const args = ['start', '--config', CONFIG, '--log-format', 'json', '--log-level', 'error'];
  const child = new Child('the gateway', MAIN, {
    args,
    env,
    nodeFlags: ['--expose-gc', '--disable-warning=ExperimentalWarning', '--import', PROBE],
  });
  await whenUp(() => accepts(port), child);
  return { port, child };
}
