import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildFrame,
  buildFrames,
  closeFrame,
  cutAt,
  type FrameStream,
  OPCODE,
  type ParsedFrame,
  parseFrames,
  validFrames,
} from '../../../test/support/frames.ts';
import type { RawConnection } from '../../../test/support/raw-connection.ts';
import { type MakeEngine, onPing, type Rig, record, useRigs } from './rig.suite.ts';

const PING_INTERVAL_MS = 10_000;
/** Pings pass as time does; no side is ever late with its close. */
const options = { pingIntervalMs: PING_INTERVAL_MS, closeTimeoutMs: 3_600_000 };

/** What one side does: frames in pieces, and at each cut perhaps the time for a ping of the gateway's, or its answer. */
interface Script {
  readonly stream: FrameStream;
  readonly cuts: readonly number[];
  readonly boundaries: readonly number[];
  readonly choices: readonly { readonly timeForPing: boolean; readonly answer: boolean }[];
}

const scripts = (masked: boolean): fc.Arbitrary<Script> =>
  fc.record({
    stream: validFrames({ masked }).map(withoutEightBytePings),
    cuts: fc.array(fc.nat(), { maxLength: 8 }),
    boundaries: fc.array(fc.nat(), { maxLength: 6 }),
    choices: fc.array(fc.record({ timeForPing: fc.boolean(), answer: fc.boolean() }), { minLength: 4 }),
  });

/** So that a ping of eight bytes is always the gateway's. */
function withoutEightBytePings({ frames }: FrameStream): FrameStream {
  const changed = frames.map((frame) =>
    frame.opcode === OPCODE.ping && frame.payload?.length === 8 ? { ...frame, payload: 'seven..' } : frame,
  );
  return { frames: changed, bytes: buildFrames(changed) };
}

export function transparencySuite(makeEngine: MakeEngine): void {
  describe('passing frames on', () => {
    for (const [over, tls, numRuns] of [
      ['TCP', false, 40],
      ['TLS', true, 6],
    ] as const) {
      describe(`over ${over}`, () => {
        const open = useRigs(makeEngine, tls);

        it('changes nothing but its own pings, put in, and their pongs, taken out', {
          timeout: 30_000,
        }, async () => {
          const property = fc.asyncProperty(scripts(true), scripts(false), async (down, up) => {
            const rig = await open({ options });
            await expectTransparency(rig, down, up);
            await rig.finish();
          });
          await fc.assert(property, { numRuns });
        });
      });
    }

    const open = useRigs(makeEngine);

    it('begins with the bytes that came with the handshake, in order', async () => {
      const text = { opcode: OPCODE.text, payload: 'early' };
      const early = buildFrames([text, text]);
      const late = buildFrame({ ...text, mask: Buffer.alloc(4, 7) });
      const rig = await open({ heads: { upstream: early, client: late.subarray(0, 3) } });
      rig.client.write(late.subarray(3));
      expect((await rig.client.nextMessage()).payload.toString()).toBe('early');
      expect((await rig.client.nextMessage()).payload.toString()).toBe('early');
      expect((await rig.upstream.nextMessage()).payload.toString()).toBe('early');
    });

    it('takes a close that came with the handshake', async () => {
      const rig = await open({ heads: { upstream: buildFrame(closeFrame(1013, 'full')) } });
      expect(await rig.client.nextClose()).toEqual({ code: 1013, reason: 'full' });
      rig.client.sendClose(1013);
      expect(await rig.upstream.nextClose()).toEqual({ code: 1013, reason: '' });
    });

    it('counts whole messages and payload bytes of each side', async () => {
      const rig = await open();
      rig.client.send(
        { opcode: OPCODE.text, payload: 'abc' },
        { opcode: OPCODE.binary, fin: false, payload: 'de' },
        { opcode: OPCODE.ping, payload: 'not counted' },
      );
      rig.upstream.send({ opcode: OPCODE.text, payload: '' });
      await rig.settle();
      const { client, upstream } = rig.relay.stats();
      expect(client).toMatchObject({ messages: 1, bytes: 5 });
      expect(upstream).toMatchObject({ messages: 1, bytes: 0 });
    });

    it.each([
      [
        'a data frame whose header is not complete',
        { opcode: OPCODE.binary, payload: Buffer.alloc(70_000) },
        13,
      ],
      ['a ping that is not complete', { opcode: OPCODE.ping, payload: Buffer.alloc(125) }, 130],
    ])('passes nothing on of %s', async (_what, frame, bytes) => {
      const rig = await open();
      rig.client.write(rig.client.encode(frame).subarray(0, bytes));
      await rig.settle();
      expect(rig.upstream.unreadBytes).toBe(0);
    });

    it('follows compressed messages where compression was agreed', async () => {
      const rig = await open({ extensions: 'permessage-deflate; server_no_context_takeover' });
      rig.client.send({ opcode: OPCODE.text, rsv1: true, payload: 'not looked into' });
      expect(await rig.upstream.nextMessage()).toMatchObject({ compressed: true });
    });
  });
}

async function expectTransparency(rig: Rig, clientScript: Script, upstreamScript: Script): Promise<void> {
  const client = new Player(rig, rig.client, clientScript);
  const upstream = new Player(rig, rig.upstream, upstreamScript);
  while (client.hasMore || upstream.hasMore) {
    await client.step();
    await upstream.step();
  }
  await rig.settle();
  const toUpstream = upstream.received(client.sent, true);
  const toClient = client.received(upstream.sent, false);
  expect(toClient.concat(toUpstream).every(({ payload }) => payload.length === 8)).toBe(true);
  const keys = new Set(toUpstream.map(({ mask }) => mask?.toString('hex')));
  expect(keys.size, 'fresh masking keys').toBe(toUpstream.length);
  const stats = rig.relay.stats();
  for (const [player, side] of [[client, stats.client] as const, [upstream, stats.upstream] as const]) {
    const { messages, frames } = parseFrames(player.sent, { masked: player === client });
    const data = frames.filter(({ opcode }) => opcode < 8);
    expect(side.messages).toBe(messages.length);
    expect(side.bytes).toBe(data.reduce((sum, { payload }) => sum + payload.length, 0));
    expect(side.roundTrip?.count ?? 0).toBe(player.answers);
  }
}

/** One side, following its script. */
class Player {
  /** What it sent, but for its pongs to the gateway. */
  sent = Buffer.alloc(0);
  answers = 0;
  readonly #rig: Rig;
  readonly #end: RawConnection;
  readonly #pieces: Buffer[];
  readonly #choices: Script['choices'];
  readonly #bounds: ReadonlySet<number>;
  readonly #received: () => Buffer;
  #lastPing: Buffer | null = null;
  #steps = 0;

  constructor(rig: Rig, end: RawConnection, { stream, cuts, boundaries, choices }: Script) {
    const { bytes } = stream;
    const ends = parseFrames(bytes, { masked: end.role === 'client' }).frames.map((frame) => frame.end);
    const atBounds = boundaries.map((pick) => ends[pick % Math.max(1, ends.length)] ?? 0);
    this.#rig = rig;
    this.#end = end;
    this.#pieces = cutAt(bytes, [...cuts.map((cut) => cut % (bytes.length + 1)), ...atBounds]);
    this.#choices = choices;
    this.#bounds = new Set([0, ...ends]);
    this.#received = record(end);
    onPing(end, (payload) => {
      if (payload.length === 8) this.#lastPing = payload;
    });
  }

  get hasMore(): boolean {
    return this.#pieces.length > 0;
  }

  async step(): Promise<void> {
    const piece = this.#pieces.shift();
    if (piece === undefined) return;
    const { timeForPing, answer } = this.#choices[this.#steps++ % this.#choices.length] ?? {
      timeForPing: false,
      answer: false,
    };
    // Sometimes right behind one another, without a turn of the loop in between.
    if (answer && this.#bounds.has(this.sent.length)) this.#answer();
    this.#end.write(piece);
    this.sent = Buffer.concat([this.sent, piece]);
    if (timeForPing) {
      await this.#rig.settle();
      this.#rig.clock.advance(PING_INTERVAL_MS);
    }
    await this.#rig.settle();
  }

  /** Checks that everything arrived that the other side sent. @returns the frames that came in addition. */
  received(sent: Buffer, masked: boolean): ParsedFrame[] {
    const received = this.#received();
    const { frames, violation, completeBytes } = parseFrames(received, { masked });
    expect(violation).toBeNull();
    expect(completeBytes).toBe(received.length);
    const added: ParsedFrame[] = [];
    let at = 0;
    for (const frame of frames) {
      const bytes = received.subarray(frame.offset, frame.end);
      if (bytes.equals(sent.subarray(at, at + bytes.length))) at += bytes.length;
      else added.push(frame);
    }
    expect(at, 'bytes that arrived as sent').toBe(sent.length);
    expect(added.every(({ opcode }) => opcode === OPCODE.ping)).toBe(true);
    return added;
  }

  #answer(): void {
    if (this.#lastPing === null) return;
    this.#end.send({ opcode: OPCODE.pong, payload: this.#lastPing });
    this.#lastPing = null;
    this.answers++;
  }
}
