import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildFrame,
  closeFrame,
  type FrameSpec,
  OPCODE,
  type ParsedFrame,
  parseFrames,
} from '../../../test/support/frames.ts';
import type { RelayOptions, RelayResult } from '../../base/relay.ts';
import { otherSide, type Side } from '../../base/side.ts';
import { type MakeEngine, onPing, type Rig, record, useRigs } from './rig.suite.ts';

const OURS = 'from the gateway';
const options: RelayOptions = {
  pingIntervalMs: 10_000,
  pongTimeoutMs: 30_000,
  maxInactivityMs: 60_000,
  closeTimeoutMs: 5000,
  writeTimeoutMs: 20_000,
  maxMessageBytes: 100_000,
  maxControlFrames: 50,
};

/** Something that a side, time or the gateway does. */
type Act = (troupe: Record<Side, Actor>, rig: Rig) => void | Promise<void>;

const sides = fc.constantFrom<Side>('client', 'upstream');
const frames: fc.Arbitrary<FrameSpec> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...[0, 5, 300, 65_536, 90_000].map(messageOf)) },
  fc.constantFrom<FrameSpec>(
    { opcode: OPCODE.text, fin: false, payload: 'a fragment' },
    { opcode: OPCODE.continuation, fin: false },
    { opcode: OPCODE.continuation, payload: 'the last' },
    { opcode: OPCODE.ping, payload: 'ping' },
    { opcode: OPCODE.pong, payload: 'pong' },
    { opcode: 3 },
    closeFrame(),
    closeFrame(4001, 'bye'),
  ),
);

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(sides, frames, fc.constantFrom(1, 1, 0.5, 0.99), fc.constantFrom(1, 1, 1, 60)).map(
      ([side, frame, share, times]): Act =>
        (troupe) =>
          troupe[side].send(frame, share, times),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(sides, fc.constantFrom('pause', 'resume', 'end', 'reset')).map(
      ([side, what]): Act =>
        (_troupe, rig) =>
          rig[side][what](),
    ),
  },
  sides.map(
    (side): Act =>
      (troupe) => {
        troupe[side].answers = false;
      },
  ),
  fc.constantFrom(100, 5000, 5300, 12_000, 30_500).map(
    (ms): Act =>
      (_troupe, rig) =>
        rig.pass(ms, 500),
  ),
  { weight: 3, arbitrary: fc.constant<Act>((_troupe, rig) => rig.settle()) },
  fc.tuple(fc.constantFrom('frame' as const, 'message' as const), fc.constantFrom(0, 1000, 30_000)).map(
    ([at, withinMs]): Act =>
      (_troupe, rig) =>
        rig.relay.close('draining', { at, withinMs }),
  ),
  sides.map(
    (side): Act =>
      (_troupe, rig) =>
        void rig.relay.send(side, OURS),
  ),
);

export function chaosSuite(makeEngine: MakeEngine): void {
  describe('whatever happens', () => {
    const open = useRigs(makeEngine);

    it('each side gets whole frames, at most one close and nothing after it, and all ends', {
      timeout: 60_000,
    }, async () => {
      const property = fc.asyncProperty(fc.array(acts, { minLength: 1, maxLength: 14 }), async (play) => {
        const rig = await open({ options });
        const troupe = { client: new Actor(rig, 'client'), upstream: new Actor(rig, 'upstream') };
        for (const act of play) await act(troupe, rig);
        // Inactivity and the deadlines of closing end everything, whether or not anybody reads or answers.
        await rig.pass(60_000 + 30_000 + 60_000, 2500);
        expect(rig.isOver).toBe(true);
        const result = await rig.result();
        await troupe.client.expectGood(troupe.upstream.sent, result);
        await troupe.upstream.expectGood(troupe.client.sent, result);
        await rig.finish();
      });
      await fc.assert(property, { numRuns: 150 });
    });
  });
}

function messageOf(bytes: number): FrameSpec {
  return { opcode: OPCODE.binary, payload: Buffer.alloc(bytes, bytes) };
}

/** One side: what it sends, right or wrong, and what it gets. */
class Actor {
  answers = true;
  /** Everything handed to its socket. */
  sent = Buffer.alloc(0);
  readonly #rig: Rig;
  readonly #side: Side;
  readonly #received: () => Buffer;
  /** The rest of a frame that was written in part. */
  #rest = Buffer.alloc(0);

  constructor(rig: Rig, side: Side) {
    this.#rig = rig;
    this.#side = side;
    this.#received = record(rig[side]);
    onPing(rig[side], (payload) => {
      if (this.answers && this.#rest.length === 0) this.send({ opcode: OPCODE.pong, payload }, 1, 1);
    });
  }

  send(frame: FrameSpec, share: number, times: number): void {
    const mask = this.#side === 'client' ? Buffer.from([1, 2, 3, 4]) : null;
    const bytes = buildFrame({ ...frame, mask });
    const all = Buffer.concat([this.#rest, ...Array.from({ length: times }, () => bytes)]);
    const now = all.subarray(0, Math.ceil(all.length * share));
    this.#rest = all.subarray(now.length);
    const { socket } = this.#rig[this.#side];
    if (!socket.writable) return;
    socket.write(now);
    this.sent = Buffer.concat([this.sent, now]);
  }

  async expectGood(sentByOther: Buffer, result: RelayResult): Promise<void> {
    const { socket } = this.#rig[this.#side];
    socket.resume();
    await this.#rig.settle();
    const bytes = this.#received();
    const parsed = parseFrames(bytes, { masked: this.#side === 'upstream' });
    expect(parsed.violation).toBeNull();
    const { closeSent } = result[this.#side];
    if (parsed.close !== null) {
      expect(bytes.length, 'nothing after the close').toBe(parsed.completeBytes);
      expect(closeSent).toBe(parsed.close.code);
    }
    const passed = passedOn(parsed.frames, bytes, sentByOther, this.#side === 'upstream');
    const cut = bytes.subarray(parsed.completeBytes);
    if (parsed.cut) expect(sentByOther.subarray(passed, passed + cut.length).equals(cut)).toBe(true);
    const other = result[otherSide(this.#side)];
    if (other.closeReceived !== null && result.cause === `${otherSide(this.#side)}-closed`) {
      if (parsed.close !== null) expect(parsed.close.code).toBe(other.closeReceived);
    }
  }
}

/** How many of the other side's bytes arrived, in order, with nothing in between but frames that are the gateway's own. */
function passedOn(
  received: readonly ParsedFrame[],
  bytes: Buffer,
  sent: Buffer,
  sentByClient: boolean,
): number {
  const whole = parseFrames(sent, { masked: sentByClient });
  const boundaries = [0, ...whole.frames.map(({ end }) => end)];
  let at = 0;
  for (const frame of received) {
    const raw = bytes.subarray(frame.offset, frame.end);
    // Pongs to the gateway are the only frames that are taken out.
    let from = at;
    while (!sent.subarray(from, from + raw.length).equals(raw) && isTakenOut(sent, from, boundaries)) {
      from = boundaries[boundaries.indexOf(from) + 1] as number;
    }
    if (sent.subarray(from, from + raw.length).equals(raw)) at = from + raw.length;
    else expect(isOurs(frame), `opcode ${frame.opcode} of ${frame.length} bytes at ${at}`).toBe(true);
  }
  while (isTakenOut(sent, at, boundaries)) at = boundaries[boundaries.indexOf(at) + 1] as number;
  return at;
}

function isTakenOut(sent: Buffer, at: number, boundaries: readonly number[]): boolean {
  const next = boundaries[boundaries.indexOf(at) + 1];
  return (
    boundaries.includes(at) && next !== undefined && sent[at] === 0x8a && ((sent[at + 1] ?? 0) & 0x7f) === 8
  );
}

function isOurs({ opcode, payload }: ParsedFrame): boolean {
  if (opcode === OPCODE.ping) return payload.length === 8;
  return opcode === OPCODE.close || (opcode === OPCODE.text && payload.toString() === OURS);
}
