import { nativeVersion, startNativeProxy } from '../native-proxy.mjs';

/** @type {import('../index.mjs').Proxy} */
export const haproxy = {
  name: 'haproxy',
  title: 'HAProxy, one thread',
  install: 'apt-get install haproxy',
  find: () => nativeVersion('haproxy', ['-v'], /version (\S+)/i),
  start(how) {
    const values = { BENCH_SSL: how.tls === null ? '' : ` ssl crt ${how.tls.pemFile} ssl-min-ver TLSv1.3` };
    const config = new URL('./haproxy.cfg', import.meta.url);
    // In the foreground, as one process: -db.
    const args = (/** @type {string} */ file) => ['-db', '-f', file];
    return startNativeProxy({ command: 'haproxy', config, values, args }, how);
  },
};
