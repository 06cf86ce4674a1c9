import fc from 'fast-check';
import { buildFrame, buildFrames, closePayload, type FrameSpec, fragmented, OPCODE } from './build-frames.ts';

/** A sequence of frames, and their bytes. */
export interface FrameStream {
  readonly frames: readonly FrameSpec[];
  readonly bytes: Buffer;
}

export interface FrameKinds {
  readonly masked: boolean;
  readonly deflate?: boolean;
  /** Messages of at most so many bytes. Default 70,000, so that every form of length occurs. */
  readonly maxPayloadBytes?: number;
  /** Whether some streams end with a close frame. Default `true`. */
  readonly close?: boolean;
}

/** Valid frames in a valid order: fragmented messages, control frames between fragments, sometimes a close at the end. */
export function validFrames(kinds: FrameKinds): fc.Arbitrary<FrameStream> {
  const closing =
    kinds.close === false
      ? fc.constant([])
      : fc.oneof(
          fc.constant([]),
          closeFrames.map((f) => [f]),
        );
  return fc
    .tuple(fc.array(messageOrControl(kinds), { maxLength: 6 }), closing, keys)
    .map(([groups, end, mask]) => {
      const frames = [...groups.flat(), ...end].map((frame, i) =>
        kinds.masked ? { ...frame, mask: rotated(mask, i) } : frame,
      );
      return { frames, bytes: buildFrames(frames) };
    });
}

/** A valid stream, damaged: wrong bits in headers, frames lost, repeated or swapped, bytes changed, lost or put in. */
export function mutations(stream: FrameStream): fc.Arbitrary<Buffer> {
  const wrongFrames = fc
    .array(fc.tuple(fc.nat(), frameDamage), { minLength: 1, maxLength: 3 })
    .map((damages) => buildFrames(damages.reduce(damageAt, [...stream.frames])));
  const headers = headerOffsets(stream);
  const wrongHeaderBits = fc
    .array(fc.tuple(fc.nat(), fc.nat(1), fc.nat(7)), { minLength: 1, maxLength: 3 })
    .map((flips) => {
      const bytes = Buffer.from(stream.bytes);
      for (const [pick, which, bit] of flips) flip(bytes, (headers[pick % headers.length] ?? 0) + which, bit);
      return bytes;
    });
  const wrongBytes = fc
    .tuple(fc.nat(), fc.nat(16), fc.uint8Array({ maxLength: 16 }))
    .map(([pick, lost, put]) => {
      const at = pick % (stream.bytes.length + 1);
      return Buffer.concat([stream.bytes.subarray(0, at), put, stream.bytes.subarray(at + lost)]);
    });
  return fc.oneof(wrongFrames, wrongHeaderBits, wrongBytes);
}

/** The buffer in pieces: whole, byte by byte, or cut anywhere. Pieces are copies, never empty, never the buffer itself. */
export function cuttings(buffer: Buffer): fc.Arbitrary<Buffer[]> {
  const anywhere = fc
    .array(fc.nat(Math.max(0, buffer.length - 1)), { maxLength: 24 })
    .map((cuts) => cutAt(buffer, cuts));
  const byteByByte = fc.nat(Math.max(0, buffer.length - 1)).map((from) =>
    // Byte by byte for as long as it is cheap: 300 bytes from somewhere hold every kind of boundary.
    cutAt(
      buffer,
      Array.from({ length: 300 }, (_, i) => from + i),
    ),
  );
  return fc.oneof({ weight: 1, arbitrary: fc.constant(cutAt(buffer, [])) }, anywhere, byteByByte);
}

/** Copies of the pieces between the given offsets. */
export function cutAt(buffer: Buffer, offsets: readonly number[]): Buffer[] {
  const inside = offsets.filter((offset) => offset > 0 && offset < buffer.length);
  const bounds = [...new Set([0, ...inside, buffer.length])].sort((a, b) => a - b);
  return bounds.slice(1).map((end, i) => Buffer.from(buffer.subarray(bounds[i], end)));
}

const keys = fc.uint8Array({ minLength: 4, maxLength: 4 });

const controlFrames: fc.Arbitrary<FrameSpec> = fc.record({
  opcode: fc.constantFrom(OPCODE.ping, OPCODE.pong),
  payload: fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ minLength: 120, maxLength: 125 })),
});

const validCodes = fc.oneof(
  fc.constantFrom(1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014),
  fc.integer({ min: 3000, max: 4999 }),
);

const closeFrames: fc.Arbitrary<FrameSpec> = fc
  .oneof(
    fc.constant(''),
    fc
      .tuple(validCodes, fc.string({ unit: 'grapheme', maxLength: 20 }))
      .map(([code, reason]) => closePayload(code, Buffer.byteLength(reason) <= 123 ? reason : '')),
  )
  .map((payload) => ({ opcode: OPCODE.close, payload }));

function messageOrControl(kinds: FrameKinds): fc.Arbitrary<FrameSpec[]> {
  return fc.oneof(
    { weight: 3, arbitrary: messages(kinds) },
    { weight: 1, arbitrary: fc.tuple(controlFrames) },
  );
}

function messages(kinds: FrameKinds): fc.Arbitrary<FrameSpec[]> {
  return fc
    .record({
      opcode: fc.constantFrom(OPCODE.text, OPCODE.binary),
      payload: payloads(kinds.maxPayloadBytes ?? 70_000),
      cuts: fc.array(fc.nat(), { maxLength: 3 }),
      rsv1: kinds.deflate === true ? fc.boolean() : fc.constant(false),
      between: fc.array(fc.tuple(fc.nat(), controlFrames), { maxLength: 2 }),
    })
    .map(({ opcode, payload, cuts, rsv1, between }) => {
      const offsets = cuts.map((cut) => cut % (payload.length + 1)).sort((a, b) => a - b);
      const frames = fragmented(opcode, payload, offsets, rsv1);
      for (const [pick, control] of between) frames.splice(1 + (pick % frames.length), 0, control);
      return frames;
    });
}

/** Lengths around every change of the header's form; the content repeats a few random bytes, so that shrinking is fast. */
function payloads(maxBytes: number): fc.Arbitrary<Buffer> {
  const lengths = [0, 1, 2, 124, 125, 126, 127, 128, 65_535, 65_536, 65_537].filter((n) => n <= maxBytes);
  return fc
    .tuple(
      fc.oneof(fc.constantFrom(...lengths), fc.nat(Math.min(maxBytes, 300))),
      fc.uint8Array({ minLength: 1, maxLength: 7 }),
    )
    .map(([length, seed]) => Buffer.alloc(length, seed));
}

type Damage = (frame: FrameSpec) => FrameSpec[];

const frameDamage: fc.Arbitrary<Damage> = fc.oneof(
  fc.nat(15).map(
    (opcode): Damage =>
      (frame) => [{ ...frame, opcode }],
  ),
  fc.constantFrom('fin', 'rsv1', 'rsv2', 'rsv3').map(
    (bit): Damage =>
      (frame) => {
        const set = frame[bit as 'fin'] ?? bit === 'fin';
        return [{ ...frame, [bit]: !set }];
      },
  ),
  fc.constantFrom<16 | 64>(16, 64).map(
    (lengthBits): Damage =>
      (frame) => [{ ...frame, lengthBits }],
  ),
  fc.constantFrom(2n ** 53n - 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n).map(
    (declaredLength): Damage =>
      (frame) => [{ ...frame, declaredLength, lengthBits: 64 }],
  ),
  fc.option(keys).map(
    (mask): Damage =>
      (frame) => [{ ...frame, mask }],
  ),
  fc.oneof(fc.integer({ min: 0, max: 5500 }), fc.constantFrom(999, 1004, 1005, 1006, 1015, 2999, 5000)).map(
    (code): Damage =>
      (frame) => [{ opcode: OPCODE.close, payload: closePayload(code), mask: frame.mask ?? null }],
  ),
  fc.uint8Array({ maxLength: 6 }).map(
    (payload): Damage =>
      (frame) => [{ opcode: OPCODE.close, payload, mask: frame.mask ?? null }],
  ),
  fc.constantFrom<Damage>(
    () => [],
    (frame) => [frame, frame],
    (frame) => [{ ...frame, payload: Buffer.alloc(126, 1) }],
    (frame) => [{ opcode: OPCODE.continuation, payload: 'x', mask: frame.mask ?? null }, frame],
    (frame) => [{ opcode: OPCODE.text, fin: false, payload: 'x', mask: frame.mask ?? null }, frame],
  ),
);

function damageAt(frames: FrameSpec[], [pick, damage]: readonly [number, Damage]): FrameSpec[] {
  const at = pick % Math.max(1, frames.length);
  const frame = frames[at] ?? { opcode: OPCODE.text };
  return [...frames.slice(0, at), ...damage(frame), ...frames.slice(at + 1)];
}

function headerOffsets(stream: FrameStream): number[] {
  const offsets: number[] = [];
  let offset = 0;
  for (const frame of stream.frames) {
    offsets.push(offset);
    offset += buildFrame(frame).length;
  }
  return offsets;
}

function flip(bytes: Buffer, at: number, bit: number): void {
  if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << bit);
}

function rotated(mask: Uint8Array, by: number): Uint8Array {
  return mask.map((byte, i) => byte ^ ((by * 31 + i) & 0xff));
}
