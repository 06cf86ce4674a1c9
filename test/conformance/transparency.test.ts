import { describe } from 'vitest';
import { forwardingConfig } from '../support/gateway.ts';
import { useTestBed } from '../support/test-bed.ts';
import { transparencySuite } from './transparency.suite.ts';

describe('the gateway with heartbeats and limits on', () => {
  const bed = useTestBed();
  transparencySuite(async (options) => {
    const echo = await bed.echo(options);
    const gateway = await bed.gateway(forwardingConfig(echo.url(), ACTION));
    const offer = options.extensions === undefined ? {} : { extensions: 'permessage-deflate' };
    return { echo, client: await bed.open({ port: gateway.port, ...offer }) };
  });
});

const ACTION = { pingInterval: '30s', pongTimeout: '60s', maxInactivity: '60s', maxMessageSize: '32MiB' };
