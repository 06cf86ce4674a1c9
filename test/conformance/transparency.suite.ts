import { expect, it } from 'vitest';
import { drip } from '../support/drip.ts';
import type { EchoServer, EchoServerOptions } from '../support/echo-server.ts';
import { type FrameSpec, fragmented, OPCODE } from '../support/frames.ts';
import type { RawConnection } from '../support/raw-connection.ts';

/** A connection to an echo server, through whatever is under test. */
export interface EchoPath {
  readonly client: RawConnection;
  readonly echo: EchoServer;
}

const SIZES = [0, 125, 126, 127, 65_535, 65_536, 16 * 1024 * 1024];
const KINDS = [
  ['text', OPCODE.text],
  ['binary', OPCODE.binary],
] as const;

/** Whatever stands between a client and an echo server changes none of these frames. */
export function transparencySuite(
  open: (echo: EchoServerOptions) => Promise<EchoPath>,
  sizes: readonly number[] = SIZES,
): void {
  for (const [kind, opcode] of KINDS) {
    it.each(sizes)(`carries a ${kind} message of %i bytes, whole`, async (size) => {
      await expectEcho(await open({}), [{ opcode, payload: content(size) }]);
    });

    it.each(sizes)(
      `carries a ${kind} message of %i bytes in fragments, empty ones among them`,
      async (size) => {
        const offsets = [0, Math.floor(size / 3), Math.floor(size / 3), size - Math.floor(size / 7)];
        await expectEcho(await open({}), fragmented(opcode, content(size), offsets));
      },
    );

    it.each(sizes.filter((size) => size <= 127))(
      `carries a ${kind} message of %i bytes, one byte at a time`,
      async (size) => {
        await expectDrippedEcho(await open({ drip: true }), [{ opcode, payload: content(size) }]);
        await expectDrippedEcho(await open({ drip: true }), fragmented(opcode, content(size), [size >> 1]));
      },
    );
  }

  if (sizes.includes(65_536)) drippedSuite(open);

  it('carries control frames of 0 and 125 bytes between fragments', async () => {
    const path = await open({});
    const [first, second, third] = fragmented(OPCODE.text, content(300), [100, 200]) as [
      FrameSpec,
      FrameSpec,
      FrameSpec,
    ];
    const ping = { opcode: OPCODE.ping, payload: content(125) };
    path.client.send(
      first,
      ping,
      second,
      { opcode: OPCODE.ping },
      { opcode: OPCODE.pong, payload: 'own' },
      third,
    );
    const expected = [first, { ...ping, opcode: OPCODE.pong }, second, { opcode: OPCODE.pong }, third];
    await expectFrames(path.client, expected);
    expect(path.echo.counts).toMatchObject({ pings: 2, pongs: 1, messages: 1 });
  });

  it('carries text that is cut within a character', async () => {
    await expectEcho(await open({}), fragmented(OPCODE.text, Buffer.from('für 🚀'), [2, 7]));
  });

  it('carries a masking key of zeros', async () => {
    await expectEcho(await open({}), [
      { opcode: OPCODE.binary, payload: content(1000), mask: Buffer.alloc(4) },
    ]);
  });

  it('carries a thousand small messages written at once, in order', async () => {
    const frames = Array.from({ length: 1000 }, (_, i) => ({ opcode: OPCODE.text, payload: `message ${i}` }));
    await expectEcho(await open({}), frames);
  });

  it('carries RSV1 on the first frame of a message when compression was agreed', async () => {
    const path = await open({ extensions: 'permessage-deflate; client_no_context_takeover' });
    await expectEcho(path, fragmented(OPCODE.text, content(400), [150, 150], true));
    await expectEcho(path, [{ opcode: OPCODE.binary, payload: content(10) }]);
  });
}

/** As far as it is bearable: every byte is a turn of the event loop. */
function drippedSuite(open: (echo: EchoServerOptions) => Promise<EchoPath>): void {
  it('carries a text message of 65535 bytes in fragments, one byte at a time', async () => {
    const frames = fragmented(OPCODE.text, content(65_535), [1, 126, 40_000]);
    await expectDrippedEcho(await open({ drip: true }), frames);
  }, 30_000);

  it('carries a binary message of 65536 bytes, one byte at a time', async () => {
    await expectDrippedEcho(await open({ drip: true }), [
      { opcode: OPCODE.binary, payload: content(65_536) },
    ]);
  }, 30_000);
}

async function expectEcho(path: EchoPath, frames: readonly FrameSpec[]): Promise<void> {
  path.client.send(...frames);
  await expectFrames(path.client, frames);
}

async function expectDrippedEcho({ client }: EchoPath, frames: readonly FrameSpec[]): Promise<void> {
  client.deadlineMs = 25_000;
  const dripping = drip(client.socket, Buffer.concat(frames.map((frame) => client.encode(frame))));
  await Promise.all([dripping, expectFrames(client, frames)]);
}

async function expectFrames(client: RawConnection, expected: readonly FrameSpec[]): Promise<void> {
  for (const { opcode, fin = true, rsv1 = false, payload = '' } of expected) {
    const frame = await client.nextFrame();
    expect(frame).toMatchObject({ opcode, fin, rsv1 });
    // Not toEqual: 16 MiB are compared in a moment, not element by element.
    expect(
      frame.payload.equals(typeof payload === 'string' ? Buffer.from(payload) : payload),
      'payload as sent',
    ).toBe(true);
  }
}

/** Bytes that show when two of them are swapped, lost or repeated; ASCII, so that it is text too. */
function content(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = 33 + ((i * 31 + (i >> 8) * 7) % 94);
  return bytes;
}
