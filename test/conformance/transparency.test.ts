import { describe } from 'vitest';
import { certificates } from '../support/certificates/index.ts';
import { forwardingConfig } from '../support/gateway.ts';
import { useTestBed } from '../support/test-bed.ts';
import { transparencySuite } from './transparency.suite.ts';

/** On, but not within the time that a test takes: what arrives is compared byte for byte. */
const ACTION = { pingInterval: '24h', pongTimeout: '60s', maxInactivity: '60s', maxMessageSize: '32MiB' };
const { ca, caFile, server } = certificates;
const SERVER_TLS = { tls: true, certFile: server.certFile, keyFile: server.keyFile };
const TRUSTING = { ca, servername: 'localhost' };

describe('the gateway with heartbeats and limits on', () => {
  const bed = useTestBed();
  transparencySuite(async (options) => {
    const echo = await bed.echo(options);
    const gateway = await bed.gateway(forwardingConfig(echo.url(), ACTION));
    const offer = options.extensions === undefined ? {} : { extensions: 'permessage-deflate' };
    return { echo, client: await bed.open({ port: gateway.port, ...offer }) };
  });
});

describe('the gateway with TLS on both sides', () => {
  const bed = useTestBed();
  transparencySuite(
    async (options) => {
      const echo = await bed.echo({ ...options, tls: server });
      const gateway = await bed.gateway(forwardingConfig(echo.url(), { tls: { ca: caFile } }, SERVER_TLS));
      const offer = options.extensions === undefined ? {} : { extensions: 'permessage-deflate' };
      return { echo, client: await bed.open({ port: gateway.port, tls: TRUSTING, ...offer }) };
    },
    [0, 126, 1024 * 1024],
  );
});
