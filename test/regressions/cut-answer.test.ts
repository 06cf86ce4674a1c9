import { describe, expect, it } from 'vitest';
import { forwardingConfig } from '../support/gateway.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();

describe('an answer of the upstream whose body breaks off', () => {
  it('reaches a client that goes on sending as far as it came, and no reset destroys it', async () => {
    const upstream = await bed.upstream({ handshake: 'manual' });
    const gateway = await bed.gateway(forwardingConfig(upstream.url()));
    const client = await bed.connect({ port: gateway.port });
    client.write(handshakeRequest());
    const taken = await upstream.next();
    await taken.readHead();
    taken.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nbroken\r\n');
    // Bytes that are unread when a socket is closed make it a reset.
    for (let i = 0; i < 20; i++) {
      client.write('early');
      await new Promise((resolve) => setImmediate(resolve));
    }
    const head = await client.readHead();
    expect(head.startLine).toBe('HTTP/1.1 200 OK');
    expect(await client.tcpEnd()).toBe('fin');
    taken.destroy();
  });
});
