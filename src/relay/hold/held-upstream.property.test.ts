import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  buildFrames,
  closeFrame,
  cutAt,
  type FrameSpec,
  OPCODE,
  parseFrames,
  validFrames,
} from '../../../test/support/frames.ts';
import { HoldRig } from './hold-rig.suite.ts';

type Step =
  | { readonly do: 'write' | 'unavailable' | 'stall' | 'release' }
  | { readonly do: 'say'; readonly bytes: number }
  | { readonly do: 'lose'; readonly how: 'fin' | 'reset' | 1001 | 1012 }
  | { readonly do: 'join'; readonly head: number };

/** What happens, in any order. */
const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Step>({ do: 'write' }) },
    { weight: 3, arbitrary: fc.nat(200).map((bytes): Step => ({ do: 'say', bytes })) },
    {
      weight: 3,
      arbitrary: fc
        .constantFrom('fin' as const, 'reset' as const, 1001 as const, 1012 as const)
        .map((how): Step => ({ do: 'lose', how })),
    },
    { weight: 3, arbitrary: fc.nat(20).map((head): Step => ({ do: 'join', head })) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Step>({ do: 'unavailable' }, { do: 'stall' }, { do: 'release' }),
    },
  ),
  { maxLength: 40 },
);

/** A client's frames. Its pings and pongs can be told apart. */
const clientBytes = validFrames({ masked: true, close: false, maxPayloadBytes: 300 }).map(({ frames }) =>
  buildFrames(
    frames.map((frame, i) => (frame.opcode < OPCODE.close ? frame : { ...frame, payload: `${i}` })),
  ),
);

/** An upstream's messages. */
const upstreamBytes = validFrames({ masked: false, close: false, maxPayloadBytes: 300 }).map(({ frames }) =>
  buildFrames(frames.filter(({ opcode }) => opcode < OPCODE.close)),
);

const cuttings = fc.array(fc.nat(2000), { maxLength: 30 });

it('passes every message on once, in order and whole, whenever its upstreams come and go', async () => {
  await fc.assert(
    fc.asyncProperty(
      clientBytes,
      cuttings,
      fc.infiniteStream(upstreamBytes),
      steps,
      async (client, cuts, upstreams, what) => {
        const run = new Run(cutAt(client, cuts), upstreams);
        for (const step of what) {
          await run.take(step);
          run.check();
        }
        await run.finish();
      },
    ),
    { numRuns: 300 },
  );
});

it('answers no ping that an upstream still has, and every other', async () => {
  await fc.assert(
    fc.asyncProperty(
      clientBytes,
      cuttings,
      fc.array(fc.boolean(), { maxLength: 12 }),
      async (client, cuts, comes) => {
        const run = new Run(cutAt(client, cuts), [].values());
        for (const isUp of comes) {
          await run.take({ do: 'write' });
          await run.take(isUp ? { do: 'join', head: 0 } : { do: 'lose', how: 'fin' });
        }
        run.checkPings();
      },
    ),
    { numRuns: 100 },
  );
});

/** One story of a held upstream, and all that was said in it. */
class Run {
  readonly rig = new HoldRig();
  readonly #chunks: Buffer[];
  readonly #upstreams: Iterator<Buffer>;
  readonly #written: Buffer[] = [];
  /** What each upstream said, a close frame left out. */
  readonly #said: Buffer[] = [Buffer.alloc(0)];
  #rest: Buffer;
  /** Whether a message was cut in two. */
  #isCut = false;

  constructor(chunks: Buffer[], upstreams: Iterator<Buffer>) {
    this.#chunks = chunks;
    this.#upstreams = upstreams;
    this.#rest = this.#nextScript();
  }

  get #isUp(): boolean {
    return !this.#isCut && !this.rig.isHolding;
  }

  async take(step: Step): Promise<void> {
    const { rig } = this;
    if (step.do === 'write') this.#write();
    else if (step.do === 'stall') rig.socket.stall();
    else if (step.do === 'release') rig.socket.release();
    else if (step.do === 'unavailable' && rig.isHolding)
      (await rig.nextDial()).answer({ kind: 'unavailable', detail: 'not yet' });
    else if (step.do === 'say' && this.#isUp) rig.socket.push(this.#say(step.bytes));
    else if (step.do === 'lose' && this.#isUp) this.#lose(step.how);
    else if (step.do === 'join' && rig.isHolding) {
      this.#rest = this.#nextScript();
      this.#said.push(Buffer.alloc(0));
      await rig.join(this.#say(step.head));
    }
    await rig.settle();
  }

  check(): void {
    const { rig } = this;
    const got = rig.sockets.map(({ bytes }) => bytes);
    for (const bytes of got)
      expect(parse(bytes, true).violation, 'each upstream gets valid frames').toBeNull();
    const expected = dataIn(Buffer.concat(this.#written), true);
    const passed = Buffer.concat(got.map((bytes) => dataIn(bytes, true)));
    expect(passed.equals(expected.subarray(0, passed.length)), 'once, in order').toBe(true);
    expect(parse(rig.given, false).violation, 'the client gets valid frames').toBeNull();
    const said = Buffer.concat(this.#said.map((bytes) => dataIn(bytes, false)));
    expect(dataIn(rig.given, false).equals(said), 'and all that was said').toBe(true);
    expect(
      rig.sockets.some(({ wasPushed }) => wasPushed),
      'only one write is under way',
    ).toBe(false);
    expect(rig.failure !== null, 'it fails when a message was cut').toBe(this.#isCut);
  }

  /** All that was held back arrives in the end. */
  async finish(): Promise<void> {
    await this.take({ do: 'join', head: 0 });
    await this.take({ do: 'release' });
    this.check();
    const { rig } = this;
    if (!this.#isCut) {
      const passed = Buffer.concat(rig.sockets.map(({ bytes }) => dataIn(bytes, true)));
      expect(passed.equals(dataIn(Buffer.concat(this.#written), true)), 'nothing is missing').toBe(true);
      this.checkPings();
    }
    rig.stream.destroy();
    await rig.settle();
    expect(rig.clock.pending, 'timers left').toBe(0);
    expect(rig.sockets.filter(({ destroyed }) => !destroyed)).toEqual([]);
  }

  checkPings(): void {
    if (this.#isCut) return;
    const pongs = payloads(this.rig.given, false, OPCODE.pong);
    const pings = payloads(Buffer.concat(this.#written), true, OPCODE.ping);
    const there = this.rig.isHolding ? [] : payloads(this.rig.socket.bytes, true, OPCODE.ping);
    expect(pongs).toEqual(pings.filter((ping) => !there.includes(ping)));
  }

  #nextScript(): Buffer {
    const next = this.#upstreams.next();
    return next.done === true ? Buffer.alloc(0) : next.value;
  }

  #write(): void {
    const chunk = this.#chunks.shift();
    if (chunk === undefined || this.rig.stream.writableEnded || this.rig.stream.destroyed) return;
    this.#written.push(chunk);
    this.rig.stream.write(chunk);
  }

  #say(count: number): Buffer {
    const bytes = this.#rest.subarray(0, count);
    this.#rest = this.#rest.subarray(count);
    this.#said.push(Buffer.concat([this.#said.pop() ?? Buffer.alloc(0), bytes]));
    return bytes;
  }

  #lose(how: 'fin' | 'reset' | 1001 | 1012): void {
    const { socket } = this.rig;
    const said = parse(this.#said.at(-1) ?? Buffer.alloc(0), false);
    this.#isCut = isMidMessage(said) || isMidMessage(parse(socket.bytes, true));
    // A close frame can only stand between two frames.
    if (how === 'reset') socket.destroy(new Error('reset'));
    else if (how === 'fin' || said.cut) socket.push(null);
    else socket.push(buildFrames([closeFrame(how)]));
  }
}

const parse = (bytes: Buffer, masked: boolean) => parseFrames(bytes, { masked, deflate: false });

/** The bytes of all data frames, a last one that is cut included, if its header is complete. */
function dataIn(bytes: Buffer, masked: boolean): Buffer {
  const { frames, cut, cutHeader, completeBytes } = parse(bytes, masked);
  const parts = frames
    .filter(({ opcode }) => opcode < OPCODE.close)
    .map((f) => bytes.subarray(f.offset, f.end));
  if (cut && cutHeader !== null && cutHeader.opcode < OPCODE.close) parts.push(bytes.subarray(completeBytes));
  return Buffer.concat(parts);
}

/** Whether a part of a message was said and the rest was not. */
function isMidMessage({ frames, cut, cutHeader }: ReturnType<typeof parseFrames>): boolean {
  if (cut && cutHeader !== null && cutHeader.opcode < OPCODE.close) return true;
  return frames.findLast(({ opcode }) => opcode < OPCODE.close)?.fin === false;
}

const payloads = (bytes: Buffer, masked: boolean, wanted: FrameSpec['opcode']): string[] =>
  parse(bytes, masked)
    .frames.filter(({ opcode }) => opcode === wanted)
    .map(({ payload }) => payload.toString());
