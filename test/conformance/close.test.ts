import { describe, expect, it } from 'vitest';
import { type FrameSpec, OPCODE } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { useTestBed } from '../support/test-bed.ts';
import { VALID_CLOSE_CODES } from './violations.ts';

const bed = useTestBed();
const LONGEST_REASON = `${'é'.repeat(61)}!`;

describe.each(VALID_CLOSE_CODES)('close code %i', (code) => {
  it('passes from the client with its reason, and so does the reply', async () => {
    const { gateway, client, upstream } = await open();
    client.sendClose(code, 'enough');
    expect(await upstream.nextClose()).toEqual({ code, reason: 'enough' });
    upstream.sendClose(code, 'so be it');
    expect(await client.nextClose()).toEqual({ code, reason: 'so be it' });
    await expectReleased(client, upstream);
    expect(await gateway.nextCause()).toBe('client-closed');
  });

  it('passes from the upstream with its reason, and so does the reply', async () => {
    const { gateway, client, upstream } = await open();
    upstream.sendClose(code, 'enough');
    expect(await client.nextClose()).toEqual({ code, reason: 'enough' });
    client.sendClose(code);
    expect(await upstream.nextClose()).toEqual({ code, reason: '' });
    await expectReleased(client, upstream);
    expect(await gateway.nextCause()).toBe('upstream-closed');
  });
});

describe('a close', () => {
  it('without a code passes without one, both ways', async () => {
    const { client, upstream } = await open();
    client.sendClose();
    expect((await upstream.nextFrame()).payload).toHaveLength(0);
    upstream.sendClose();
    expect((await client.nextFrame()).payload).toHaveLength(0);
    await expectReleased(client, upstream);
  });

  it('with the longest reason passes', async () => {
    const { client, upstream } = await open();
    client.sendClose(4000, LONGEST_REASON);
    expect(await upstream.nextClose()).toEqual({ code: 4000, reason: LONGEST_REASON });
    upstream.sendClose(4000, LONGEST_REASON);
    expect(await client.nextClose()).toEqual({ code: 4000, reason: LONGEST_REASON });
    await expectReleased(client, upstream);
  });

  it('in the middle of a fragmented message passes', async () => {
    const { client, upstream } = await open();
    client.send({ opcode: OPCODE.text, fin: false, payload: 'begun' });
    client.sendClose(1001, 'going away');
    expect(await upstream.nextFrame()).toMatchObject({ opcode: OPCODE.text, fin: false });
    expect(await upstream.nextClose()).toEqual({ code: 1001, reason: 'going away' });
    upstream.sendClose(1001);
    expect(await client.nextClose()).toEqual({ code: 1001, reason: '' });
    await expectReleased(client, upstream);
  });

  it('does not stop what the other side sends until its own close', async () => {
    const { client, upstream } = await open();
    client.sendClose(1000);
    await upstream.nextClose();
    upstream.sendText('last words');
    upstream.sendClose(1000);
    expect((await client.nextMessage()).payload.toString()).toBe('last words');
    expect(await client.nextClose()).toEqual({ code: 1000, reason: '' });
    await expectReleased(client, upstream);
  });

  it.each<[string, FrameSpec]>([
    ['valid frames', { opcode: OPCODE.text, payload: 'after the end' }],
    ['rubbish', { opcode: 7, rsv1: true, rsv2: true, payload: 'after the end' }],
  ])('is the last that counts: %s after it are discarded without being an error', async (_, after) => {
    const { gateway, client, upstream } = await open();
    client.write(Buffer.concat([client.encode({ opcode: OPCODE.close }), client.encode(after)]));
    expect(await upstream.nextFrame()).toMatchObject({ opcode: OPCODE.close });
    upstream.sendClose();
    expect(await client.nextClose()).toEqual({ code: 1005, reason: '' });
    await expectReleased(client, upstream);
    expect(upstream.unreadBytes).toBe(0);
    expect(await gateway.nextCause()).toBe('client-closed');
  });

  it.each(['client', 'upstream'] as const)(
    'of the %s that comes with its FIN is answered all the same',
    async (closer) => {
      const ends = await open();
      const other = closer === 'client' ? 'upstream' : 'client';
      ends[closer].sendClose(1000, 'bye');
      ends[closer].end();
      expect(await ends[other].nextClose()).toEqual({ code: 1000, reason: 'bye' });
      ends[other].sendClose(1000, 'bye yourself');
      expect(await ends[closer].nextClose()).toEqual({ code: 1000, reason: 'bye yourself' });
      await expectReleased(ends.client, ends.upstream);
      expect(await ends.gateway.nextCause()).toBe(`${closer}-closed`);
    },
  );

  it('crossing another is forwarded as its reply', async () => {
    const { client, upstream } = await open();
    client.sendClose(4001, 'client first');
    upstream.sendClose(4002, 'upstream first');
    expect(await client.nextClose()).toEqual({ code: 4002, reason: 'upstream first' });
    expect(await upstream.nextClose()).toEqual({ code: 4001, reason: 'client first' });
    await expectReleased(client, upstream);
  });
});

async function open(): Promise<{ gateway: StartedGateway; client: RawConnection; upstream: RawConnection }> {
  const server = await bed.upstream();
  const gateway = await bed.gateway(forwardingConfig(server.url()));
  const client = await bed.open({ port: gateway.port });
  return { gateway, client, upstream: await server.next() };
}

/** The gateway ends the client's TCP; the upstream ends its own first (RFC 6455 §7.1.1). */
async function expectReleased(client: RawConnection, upstream: RawConnection): Promise<void> {
  expect(await client.tcpEnd()).toBe('fin');
  client.end();
  upstream.end();
  expect(await upstream.tcpEnd()).toBe('fin');
}
