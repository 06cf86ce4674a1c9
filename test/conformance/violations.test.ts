import { describe, expect, it } from 'vitest';
import { closePayload, type FrameSpec, OPCODE, VIOLATIONS } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { useTestBed } from '../support/test-bed.ts';
import { UNSAFE_LENGTHS, VIOLATION_ROWS } from './violations.ts';

/** Both ends of a forwarded connection in the test's hand. */
interface Ends {
  readonly gateway: StartedGateway;
  readonly client: RawConnection;
  readonly upstream: RawConnection;
}

const bed = useTestBed();
const DEFLATE = 'permessage-deflate';

describe.each(VIOLATION_ROWS)('$what', (row) => {
  it('from the client: an error to the client, 1001 to the upstream, and not a byte of it passes', async () => {
    const ends = await open(row.deflate);
    ends.client.send(...(row.before ?? []), row.wrong);
    await expectPassed(ends.upstream, row.before);
    expect(await ends.upstream.nextFrame()).toMatchObject(closing(1001, 'client broke the protocol'));
    await expectBlamed(ends.client, VIOLATIONS[row.kind]);
    await expectEnded(ends, 'client-protocol-error');
  });

  it('from the upstream: an error to the upstream, 1011 to the client, and not a byte of it passes', async () => {
    const ends = await open(row.deflate);
    ends.upstream.send(...(row.before ?? []), row.wrong);
    await expectPassed(ends.client, row.before);
    expect(await ends.client.nextFrame()).toMatchObject(closing(1011, 'upstream broke the protocol'));
    await expectBlamed(ends.upstream, VIOLATIONS[row.kind]);
    await expectEnded(ends, 'upstream-protocol-error');
  });
});

describe.each([OPCODE.text, OPCODE.binary, OPCODE.ping, OPCODE.pong, OPCODE.close])(
  'masking of opcode %i',
  (opcode) => {
    it('is missed on a frame of the client', async () => {
      const ends = await open();
      ends.client.send({ opcode, mask: null });
      expect(await ends.client.nextClose()).toMatchObject({ code: 1002 });
      expect(await ends.upstream.nextFrame()).toMatchObject(closing(1001, 'client broke the protocol'));
      await expectEnded(ends, 'client-protocol-error');
    });

    it('is refused on a frame of the upstream', async () => {
      const ends = await open();
      ends.upstream.send({ opcode, mask: Buffer.of(1, 2, 3, 4) });
      expect(await ends.upstream.nextClose()).toMatchObject({ code: 1002 });
      expect(await ends.client.nextFrame()).toMatchObject(closing(1011, 'upstream broke the protocol'));
      await expectEnded(ends, 'upstream-protocol-error');
    });
  },
);

describe.each(UNSAFE_LENGTHS)('a length of %i, above 2^53-1', (declaredLength) => {
  const wrong = { opcode: OPCODE.binary, declaredLength };

  it('from the client: 1009 to the client, 1001 to the upstream', async () => {
    const ends = await open();
    ends.client.send(wrong);
    expect(await ends.client.nextClose()).toMatchObject({ code: 1009 });
    expect(await ends.upstream.nextClose()).toMatchObject({ code: 1001 });
    await expectEnded(ends, 'message-too-big');
  });

  it('from the upstream: 1009 to the upstream, 1011 to the client', async () => {
    const ends = await open();
    ends.upstream.send(wrong);
    expect(await ends.upstream.nextClose()).toMatchObject({ code: 1009 });
    expect(await ends.client.nextClose()).toMatchObject({ code: 1011 });
    await expectEnded(ends, 'message-too-big');
  });
});

describe('maxMessageSize', () => {
  it('lets a message of exactly the limit pass, whole and in fragments', async () => {
    const ends = await open(false, { maxMessageSize: '1KiB' });
    const half = Buffer.alloc(512, 1);
    ends.client.send(
      { opcode: OPCODE.binary, payload: Buffer.alloc(1024) },
      { opcode: OPCODE.binary, fin: false, payload: half },
      { opcode: OPCODE.continuation, payload: half },
    );
    expect((await ends.upstream.nextMessage()).payload).toHaveLength(1024);
    expect((await ends.upstream.nextMessage()).payload).toHaveLength(1024);
  });

  it('counts the fragments of a message together, and answers 1009', async () => {
    const ends = await open(false, { maxMessageSize: '1KiB' });
    const first: FrameSpec = { opcode: OPCODE.binary, fin: false, payload: Buffer.alloc(1000) };
    ends.client.send(first, { opcode: OPCODE.continuation, payload: Buffer.alloc(25) });
    await expectPassed(ends.upstream, [first]);
    expect(await ends.upstream.nextClose()).toMatchObject({ code: 1001 });
    expect(await ends.client.nextClose()).toMatchObject({ code: 1009 });
    await expectEnded(ends, 'message-too-big');
  });
});

async function open(deflate = false, action: Record<string, unknown> = {}): Promise<Ends> {
  const server = await bed.upstream({
    handshake: deflate ? { headers: [['Sec-WebSocket-Extensions', DEFLATE]] } : {},
  });
  const gateway = await bed.gateway(forwardingConfig(server.url(), action));
  const client = await bed.open({ port: gateway.port, ...(deflate ? { extensions: DEFLATE } : {}) });
  return { gateway, client, upstream: await server.next() };
}

/** The code of what was wrong, and what was wrong in words. */
async function expectBlamed(offender: RawConnection, expected: number): Promise<void> {
  const { code, reason } = await offender.nextClose();
  expect(code).toBe(expected);
  expect(reason).not.toBe('');
}

async function expectPassed(to: RawConnection, frames: readonly FrameSpec[] = []): Promise<void> {
  for (const { opcode, fin = true, payload = '' } of frames) {
    const frame = await to.nextFrame();
    expect(frame).toMatchObject({ opcode, fin });
    expect(frame.payload.equals(typeof payload === 'string' ? Buffer.from(payload) : payload)).toBe(true);
  }
}

function closing(code: number, reason: string): object {
  return { opcode: OPCODE.close, fin: true, payload: closePayload(code, reason) };
}

/** Both ends answer the close as RFC 6455 §5.5.1 wants; then the gateway lets go of both, and names the cause. */
async function expectEnded({ gateway, client, upstream }: Ends, cause: string): Promise<void> {
  client.sendClose();
  upstream.sendClose();
  upstream.end();
  expect(await client.tcpEnd()).toBe('fin');
  client.end();
  await upstream.tcpEnd();
  expect(await gateway.nextCause()).toBe(cause);
  expect([client.unreadBytes, upstream.unreadBytes], 'bytes after the close frame').toEqual([0, 0]);
}
