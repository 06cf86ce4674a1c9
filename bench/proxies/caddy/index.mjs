import { nativeVersion, startNativeProxy } from '../native-proxy.mjs';

/** @type {import('../index.mjs').Proxy} */
export const caddy = {
  name: 'caddy',
  title: 'Caddy, one thread',
  install: 'apt-get install caddy',
  find: () => nativeVersion('caddy', ['version'], /^v?(\d\S*)/),
  start(how) {
    const { tls } = how;
    const values = {
      BENCH_SCHEME: tls === null ? 'http' : 'https',
      BENCH_CERTIFICATE: tls === null ? '' : `tls ${tls.certFile} ${tls.keyFile}`,
    };
    const config = new URL('./Caddyfile', import.meta.url);
    const args = (/** @type {string} */ file) => ['run', '--adapter', 'caddyfile', '--config', file];
    // One core, as all others have: no dearer a message, and cheaper for small ones. Garbage collection is Go's own.
    const env = { GOMAXPROCS: '1' };
    return startNativeProxy({ command: 'caddy', config, values, args, env }, how);
  },
};
