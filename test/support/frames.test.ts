import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildFrame,
  buildFrames,
  closeFrame,
  cuttings,
  fragmented,
  mutations,
  OPCODE,
  parseFrames,
  validFrames,
} from './frames.ts';
import { askWs, isComparable } from './ws-oracle.ts';

describe('buildFrame', () => {
  it("gives the bytes of the RFC's own examples (RFC 6455 §5.7)", () => {
    expect(buildFrame({ opcode: 1, payload: 'Hello' }).toString('hex')).toBe('810548656c6c6f');
    expect(
      buildFrame({ opcode: 1, payload: 'Hello', mask: Buffer.from('37fa213d', 'hex') }).toString('hex'),
    ).toBe('818537fa213d7f9f4d5158');
    expect(buildFrames(fragmented(1, Buffer.from('Hello'), [3])).toString('hex')).toBe('010348656c80026c6f');
    expect(buildFrame({ opcode: 2, payload: Buffer.alloc(256) }).toString('hex', 0, 4)).toBe('827e0100');
    expect(buildFrame({ opcode: 2, payload: Buffer.alloc(65_536) }).toString('hex', 0, 10)).toBe(
      '827f0000000000010000',
    );
  });

  it('writes what is wrong as told', () => {
    const spec = { opcode: 0x0b, fin: false, rsv1: true, rsv2: true, rsv3: true, payload: 'a' };
    expect(buildFrame({ ...spec, lengthBits: 16 }).toString('hex')).toBe('7b7e000161');
    expect(buildFrame({ opcode: 2, lengthBits: 64, declaredLength: 2n ** 63n }).toString('hex')).toBe(
      '827f8000000000000000',
    );
  });
});

describe('parseFrames', () => {
  const unmasked = { masked: false };
  const verdict = (bytes: Buffer, rules = unmasked) => parseFrames(bytes, rules).violation;

  it('finds frames, messages and the close, and looks no further', () => {
    const parsed = parseFrames(
      Buffer.concat([
        buildFrames([
          { opcode: 1, fin: false, payload: 'He' },
          { opcode: 9, payload: 'beat' },
          { opcode: 0, payload: 'llo' },
          closeFrame(1000, 'done'),
        ]),
        Buffer.from('rubbish'),
      ]),
      unmasked,
    );
    expect(parsed.messages).toEqual([
      { opcode: 1, compressed: false, payload: Buffer.from('Hello'), fragments: 2 },
    ]);
    expect(parsed.frames.map((frame) => frame.offset)).toEqual([0, 4, 10, 15]);
    expect(parsed.close).toEqual({ code: 1000, reason: 'done' });
    expect(parsed.violation).toBeNull();
  });

  it('tells a cut frame from a whole one', () => {
    const bytes = buildFrame({ opcode: 2, payload: Buffer.alloc(200) });
    expect(parseFrames(bytes, unmasked)).toMatchObject({ cut: false, completeBytes: bytes.length });
    expect(parseFrames(bytes.subarray(0, 3), unmasked)).toMatchObject({ cut: true, cutHeader: null });
    expect(parseFrames(bytes.subarray(0, 100), unmasked)).toMatchObject({
      cut: true,
      cutHeader: { opcode: 2 },
    });
  });

  it.each([
    ['reserved-bit', { opcode: 1, rsv2: true }],
    ['reserved-bit', { opcode: 1, rsv3: true }],
    ['reserved-opcode', { opcode: 3 }],
    ['reserved-opcode', { opcode: 15 }],
    ['unexpected-rsv1', { opcode: 1, rsv1: true }],
    ['fragmented-control', { opcode: OPCODE.ping, fin: false }],
    ['long-control', { opcode: OPCODE.ping, payload: Buffer.alloc(126) }],
    ['unexpected-continuation', { opcode: 0 }],
    ['wrong-masking', { opcode: 1, mask: Buffer.alloc(4) }],
    ['length-not-minimal', { opcode: 1, payload: Buffer.alloc(125), lengthBits: 16 as const }],
    ['length-not-minimal', { opcode: 1, payload: Buffer.alloc(65_535), lengthBits: 64 as const }],
    ['length-top-bit', { opcode: 1, declaredLength: 2n ** 63n, lengthBits: 64 as const }],
    ['length-unsafe', { opcode: 1, declaredLength: 2n ** 53n, lengthBits: 64 as const }],
    ['close-one-byte', { opcode: OPCODE.close, payload: 'x' }],
    ['close-code', closeFrame(1005)],
    ['close-reason-utf8', closeFrame(1000, Buffer.of(0xc0, 0xaf))],
  ])('finds %s in %o', (kind, spec) => {
    expect(verdict(buildFrame(spec))).toMatchObject({ kind, offset: 0 });
  });

  it('wants a continuation within a message, and RSV1 on its first frame only', () => {
    const open = buildFrame({ opcode: 1, fin: false });
    expect(verdict(Buffer.concat([open, buildFrame({ opcode: 2 })]))).toMatchObject({
      kind: 'expected-continuation',
      offset: open.length,
    });
    const deflate = { masked: false, deflate: true };
    expect(verdict(buildFrames(fragmented(1, Buffer.alloc(9), [3], true)), deflate)).toBeNull();
    expect(verdict(Buffer.concat([open, buildFrame({ opcode: 0, rsv1: true })]), deflate)).toMatchObject({
      kind: 'unexpected-rsv1',
    });
  });

  it('sums fragments for the limit of a message', () => {
    const rules = { masked: false, maxMessageBytes: 10 };
    expect(parseFrames(buildFrames(fragmented(2, Buffer.alloc(10), [5])), rules).violation).toBeNull();
    expect(parseFrames(buildFrames(fragmented(2, Buffer.alloc(11), [5])), rules).violation).toEqual({
      kind: 'message-too-big',
      code: 1009,
      offset: 7,
    });
  });
});

describe('the two oracles', () => {
  const kinds = [
    { masked: true, deflate: false },
    { masked: false, deflate: false },
    { masked: true, deflate: true },
    { masked: false, deflate: true },
  ];

  it.each(kinds)('both take every valid stream: %o', async (rules) => {
    const property = fc.asyncProperty(
      validFrames(rules).chain((stream) => fc.tuple(fc.constant(stream), cuttings(stream.bytes))),
      async ([stream, pieces]) => {
        const parsed = parseFrames(stream.bytes, rules);
        expect(parsed.violation).toBeNull();
        expect(parsed.cut).toBe(false);
        expect(parsed.frames).toHaveLength(stream.frames.length);
        expect(Buffer.concat(pieces).equals(stream.bytes)).toBe(true);
        const verdict = await askWs(pieces, rules);
        expect(verdict).toMatchObject({ valid: true, close: parsed.close && { code: parsed.close.code } });
        expect(verdict.messageBytes).toEqual(parsed.messages.map((message) => message.payload.length));
      },
    );
    await fc.assert(property, { numRuns: 100 });
  });

  it.each(kinds)('agree on every damaged stream where they claim the same: %o', async (kind) => {
    const rules = { ...kind, maxMessageBytes: 66_000 };
    const property = fc.asyncProperty(
      validFrames({ ...kind, maxPayloadBytes: 400 }).chain(mutations),
      async (bytes) => {
        const parsed = parseFrames(bytes, rules);
        const verdict = await askWs([bytes], rules);
        if (!isComparable(parsed, verdict)) return;
        expect(verdict.code).toBe(parsed.violation?.code ?? null);
        expect(verdict.messageBytes).toEqual(parsed.messages.map((message) => message.payload.length));
      },
    );
    await fc.assert(property, { numRuns: 400 });
  });
});
