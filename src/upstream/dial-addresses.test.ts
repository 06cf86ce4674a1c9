import type { LookupAddress } from 'node:dns';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { certificates } from '../../test/support/certificates/index.ts';
import { accepted, codeOf, dialing, tlsProfile } from '../../test/support/dialing.ts';
import { createDial } from './dial.ts';
import { createLookup } from './lookup.ts';

const { clock, request, upstream } = dialing();

const dialAt = (...addresses: LookupAddress[]) =>
  createDial(
    clock,
    createLookup(clock, async () => addresses),
  );

const REFUSES: LookupAddress = { address: '127.0.0.2', family: 4 };
const TAKES: LookupAddress = { address: '127.0.0.1', family: 4 };

const hasIPv6 = Object.values(networkInterfaces()).some((all) =>
  all?.some(({ address }) => address === '::1'),
);

describe('an IPv6 address', () => {
  it.skipIf(!hasIPv6)('is dialed bare', async () => {
    const made = await upstream({
      host: '::1',
      onRequest: (socket, head) => void socket.write(head.accept()),
    });
    const { stream } = await accepted(createDial(clock)(request(`ws://[::1]:${made.port}/`)));
    expect(stream.remoteAddress).toBe('::1');
    stream.destroy();
  });
});

describe('a name with several addresses', () => {
  it.each(['ws', 'wss'])('is reached at the first that takes a %s connection', async (scheme) => {
    const secure = scheme === 'wss';
    const made = await upstream({
      onRequest: (socket, head) => void socket.write(head.accept()),
      ...(secure ? { tls: certificates.server } : {}),
    });
    const dial = dialAt(REFUSES, TAKES);
    const changes = { tls: secure ? tlsProfile() : null };
    const { stream } = await accepted(dial(request(`${scheme}://localhost:${made.port}/`, changes)));
    expect(stream.remoteAddress).toBe('127.0.0.1');
    expect([stream.readableHighWaterMark, stream.writableHighWaterMark]).toEqual([16_384, 16_384]);
    stream.destroy();
  });

  it('is unreachable when none takes it', async () => {
    const made = await upstream({});
    const dial = dialAt(REFUSES, { address: '127.0.0.3', family: 4 });
    expect(await codeOf(dial(request(`ws://several.test:${made.port}/`)))).toBe('WSFW_UPSTREAM_UNREACHABLE');
  });
});
