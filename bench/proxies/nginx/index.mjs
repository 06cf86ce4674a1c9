import { nativeVersion, startNativeProxy } from '../native-proxy.mjs';

/** @type {import('../index.mjs').Proxy} */
export const nginx = {
  name: 'nginx',
  title: 'nginx, one worker',
  install: 'apt-get install nginx-light',
  find: () => nativeVersion('nginx', ['-v'], /nginx\/(\S+)/),
  start(how) {
    const { tls } = how;
    const values = {
      BENCH_SSL: tls === null ? '' : ' ssl',
      BENCH_CERTIFICATE:
        tls === null ? '' : `ssl_certificate ${tls.certFile}; ssl_certificate_key ${tls.keyFile};`,
    };
    const config = new URL('./nginx.conf', import.meta.url);
    // The log before the configuration is read would go to a file of the system's.
    const args = (/** @type {string} */ file) => ['-e', 'stderr', '-c', file];
    return startNativeProxy({ command: 'nginx', config, values, args }, how);
  },
};
