import type { KeyPath, Problem } from '../base/problem.ts';
import type { Reading } from '../config/build.ts';
import { placeOf, type ServerConfig } from '../config/config.ts';

/**
 * What a later configuration asks for that a running gateway cannot do.
 * @param usesAddress whether it listens on `server.address`.
 */
export function needsRestart(
  running: ServerConfig,
  { config, problems }: Reading,
  usesAddress: boolean,
): Problem[] {
  // Of a section that has problems only the defaults are known.
  if (config === null || problems.some(({ path }) => path[0] === 'server')) return [];
  const { server, places } = config;
  const found: Problem[] = [];
  const report = (path: KeyPath, why: string): void => {
    found.push({ place: placeOf(places, path), path, message: `needs a restart: ${why}` });
  };
  const [before, after] = [addressOf(running), addressOf(server)];
  if (usesAddress && before !== after)
    report(['server', 'address'], `the running gateway listens on ${before}`);
  if (running.workers !== server.workers)
    report(['server', 'workers'], `the running gateway has ${running.workers}`);
  if ((running.tls === null) !== (server.tls === null))
    report(['server', 'tls'], `the running gateway listens with${running.tls === null ? 'out' : ''} TLS`);
  if (running.proxyProtocol !== server.proxyProtocol)
    report(['server', 'proxyProtocol'], `the running gateway has ${running.proxyProtocol}`);
  return found;
}

function addressOf({ address: { host, port } }: ServerConfig): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
