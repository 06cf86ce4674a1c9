import { describe, expect, it } from 'vitest';
import { renderBanner } from '../../src/cli/banner.ts';
import { overviewOf } from '../../src/cli/overview.ts';
import { readObject } from '../../src/config/load.ts';
import { forwardingConfig } from '../support/gateway.ts';

describe('what a start shows of its routes', () => {
  it("leaves out the query of an upstream's URL, which may carry a key", () => {
    const { config } = readObject(forwardingConfig('ws://127.0.0.1:8080/rooms/:id?key=s3cret'));
    if (config === null) throw new Error('no configuration');
    const address = { host: '127.0.0.1', port: 8090, encrypted: false };
    const overview = overviewOf(config, address, '1.0.0', { demo: null, workers: 1 });
    expect(overview.routes[0]?.upstream).toBe('ws://127.0.0.1:8080/rooms/:id');
    expect(renderBanner(overview, { color: false })).not.toContain('s3cret');
  });
});
