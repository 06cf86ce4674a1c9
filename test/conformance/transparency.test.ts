import { describe } from 'vitest';
import { startBareRelay } from '../support/bare-relay.ts';
import { useTestBed } from '../support/test-bed.ts';
import { transparencySuite } from './transparency.suite.ts';

describe('a bare relay of bytes (the suite itself)', () => {
  const bed = useTestBed();
  transparencySuite(async (options) => {
    const echo = await bed.echo(options);
    const relay = await startBareRelay(echo.port);
    bed.after(() => relay.close());
    const client = await bed.open({ port: relay.port, ...offer(options) });
    return { client, echo };
  });
});

function offer(options: { extensions?: string }): { extensions?: string } {
  return options.extensions === undefined ? {} : { extensions: 'permessage-deflate' };
}
