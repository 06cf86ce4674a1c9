import { describe, expect, it } from 'vitest';
import { forwardingConfig } from '../support/gateway.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();

async function open() {
  const server = await bed.upstream();
  const gateway = await bed.gateway(forwardingConfig(server.url()));
  const client = await bed.open({ port: gateway.port });
  return { gateway, client, upstream: await server.next(), connection: await gateway.nextOpened() };
}

describe('a close code of whoever closes a connection', () => {
  it.each([1005, 1006, 1015, 0, 999, 1004, 1000.5, 2999, 5000, 65_536 + 1000, Number.NaN])(
    'is refused when no close frame may carry it: %d',
    async (code) => {
      const { gateway, client, upstream, connection } = await open();
      expect(() => connection.close('closed-by-operator', { code })).toThrow(RangeError);
      client.sendText('still open');
      expect((await upstream.nextMessage()).payload.toString()).toBe('still open');
      connection.close('closed-by-operator', { code: 4000 });
      expect(await client.nextClose()).toMatchObject({ code: 4000 });
      client.destroy();
      upstream.destroy();
      expect(await gateway.nextCause()).toBe('closed-by-operator');
    },
  );
});
