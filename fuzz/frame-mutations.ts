import { OPCODE } from '../test/support/build-frames.ts';
import type { FrameFields, Step } from './case.ts';
import type { Random } from './random.ts';

const SIZES = [
  0, 0, 1, 2, 5, 20, 124, 125, 126, 127, 128, 1_000, 4_095, 4_096, 65_535, 65_536, 70_000,
] as const;
const DECLARED = [
  '0',
  '1',
  '125',
  '126',
  '127',
  '65535',
  '65536',
  '4294967295',
  '4294967296',
  '9007199254740991',
  '9007199254740992',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551615',
] as const;
const CLOSE_CODES = [
  0, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1011, 1014, 1015, 1016, 2999, 3000, 4999,
  5000, 65_535,
] as const;
const REASONS = [
  '',
  'bye',
  '\xc3\xa4',
  '\xc3',
  '\xff',
  '\xed\xa0\x80',
  'x'.repeat(123),
  'x'.repeat(124),
] as const;

/** Which way frames go: a client's are masked. */
export interface Direction {
  readonly masked: boolean;
  readonly deflate: boolean;
}

/** A sequence of frames that RFC 6455 allows, whole messages with control frames between them. */
export function validFrames(random: Random, direction: Direction, messages: number): FrameFields[] {
  const frames: FrameFields[] = [];
  for (let i = 0; i < messages; i++) {
    const fragments = random.pick([1, 1, 1, 2, 3, 5]);
    const opcode = random.pick([OPCODE.text, OPCODE.binary]);
    for (let part = 0; part < fragments; part++) {
      if (random.oneIn(5)) frames.push(controlFrame(random));
      frames.push({
        opcode: part === 0 ? opcode : OPCODE.continuation,
        fin: part === fragments - 1,
        rsv: part === 0 && direction.deflate && random.oneIn(2) ? 4 : 0,
        payload: random.pick('abcxyz'.split('')),
        times: random.oneIn(12) ? random.pick(SIZES) : random.below(130),
      });
    }
  }
  if (random.oneIn(4)) frames.push(controlFrame(random));
  return direction.masked ? frames.map((frame) => ({ ...frame, mask: random.bytes(4) })) : frames;
}

/** A close frame that may be sent, or with luck one that may not. */
export function closeFrameOf(random: Random, masked: boolean): FrameFields {
  const code = random.oneIn(3) ? random.pick(CLOSE_CODES) : 1000;
  const payload = random.oneIn(6) ? random.bytes(random.below(3)) : codeBytes(code) + random.pick(REASONS);
  return masked
    ? { opcode: OPCODE.close, payload, mask: random.bytes(4) }
    : { opcode: OPCODE.close, payload };
}

const codeBytes = (code: number): string => String.fromCharCode(code >> 8, code & 0xff);

function controlFrame(random: Random): FrameFields {
  return {
    opcode: random.pick([OPCODE.ping, OPCODE.pong]),
    payload: 'p',
    times: random.pick([0, 1, 8, 8, 125]),
  };
}

type Change = (frame: FrameFields, random: Random) => FrameFields[];

/** From the bits of one frame up to their order. */
const CHANGES: readonly (readonly [number, Change])[] = [
  [3, (frame, random) => [{ ...frame, opcode: random.below(16) }]],
  [3, (frame) => [{ ...frame, fin: !(frame.fin ?? true) }]],
  [3, (frame, random) => [{ ...frame, rsv: (frame.rsv ?? 0) ^ random.between(1, 7) }]],
  [2, ({ mask: _, ...frame }) => [frame]],
  [2, (frame, random) => [{ ...frame, mask: random.oneIn(2) ? '\0\0\0\0' : random.bytes(4) }]],
  [2, (frame, random) => [{ ...frame, lengthBits: random.pick([7, 16, 64] as const) }]],
  [2, (frame, random) => [{ ...frame, lengthBits: 64 as const, declared: random.pick(DECLARED) }]],
  [2, (frame, random) => [{ ...frame, declared: random.pick(DECLARED) }]],
  [2, (frame, random) => [{ ...frame, times: random.pick(SIZES) }]],
  [2, (frame, random) => [{ ...frame, payload: random.bytes(random.below(20)), times: 1 }]],
  [2, (frame) => [frame, frame]],
  [2, () => []],
  [1, flood],
  [2, (frame, random) => [controlFrame(random), frame]],
  [2, (frame, random) => [frame, closeFrameOf(random, frame.mask !== undefined)]],
];

/** Many times the same frame, but never so much that the machine has nothing else to do. */
function flood(frame: FrameFields): FrameFields[] {
  const bytes = 1 + (frame.payload ?? '').length * (frame.times ?? 1);
  return Array.from({ length: Math.min(250, Math.ceil(100_000 / bytes)) }, () => frame);
}

/** The frame changed into any number of others. */
export function mutateFrame(frame: FrameFields, random: Random): FrameFields[] {
  return random.weighted(CHANGES)(frame, random);
}

/** Frames, some of them changed. */
export function mutateFrames(frames: FrameFields[], random: Random, times: number): FrameFields[] {
  const mutated = [...frames];
  for (let i = 0; i < times && mutated.length > 0; i++) {
    const at = random.below(mutated.length);
    const frame = mutated[at];
    if (frame !== undefined) mutated.splice(at, 1, ...mutateFrame(frame, random));
  }
  return mutated;
}

/** Frames as steps, with pauses of all kinds between them. */
export function frameSteps(frames: readonly FrameFields[], random: Random): Step[] {
  const steps: Step[] = random.oneIn(4)
    ? [{ do: 'pieces', size: random.pick([1, 2, 3, 7, 100, 1_000]) }]
    : [];
  const hesitates = random.oneIn(3);
  for (const frame of frames) {
    steps.push({ do: 'frame', frame });
    if (hesitates && random.oneIn(3))
      steps.push(random.oneIn(20) ? { do: 'wait', ms: random.below(400) } : { do: 'turn' });
  }
  return steps;
}
