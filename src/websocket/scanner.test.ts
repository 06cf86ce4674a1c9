import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameRules, readHeader, type StreamRules } from '../../test/support/frame-rules.ts';
import {
  buildFrame,
  buildFrames,
  closeFrame,
  closePayload,
  cuttings,
  type FrameSpec,
  fragmented,
  mutations,
  OPCODE,
  type ParsedStream,
  parseFrames,
  validFrames,
} from '../../test/support/frames.ts';
import { askWs, isComparable } from '../../test/support/ws-oracle.ts';
import { Scanner, STEPS } from './scanner.ts';
import type { Violation } from './violations.ts';

/** What a scanner makes of one direction, followed as a pump does it. */
interface Scanned {
  /** Everything it let pass, in order. */
  readonly passed: Buffer;
  readonly controls: { opcode: number; payload: Buffer }[];
  readonly emptyFragments: number;
  readonly violation: Violation | null;
  readonly closed: boolean;
  readonly messages: number;
  readonly bytes: number;
  readonly betweenFrames: boolean;
  readonly betweenMessages: boolean;
}

function scan(chunks: readonly Uint8Array[], rules: StreamRules, toBoundary = false): Scanned {
  const scanner = new Scanner(rules.masked, rules.deflate ?? false, rules.maxMessageBytes ?? 0);
  const passed: Uint8Array[] = [];
  const controls: Scanned['controls'] = [];
  let emptyFragments = 0;
  let over = false;
  let violation: Violation | null = null;
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length && !over; at = scanner.end) {
      const step = scanner.advance(chunk, at, toBoundary);
      over = step === STEPS.violation;
      if (over) violation = scanner.violation;
      if (over || step === STEPS.held) continue;
      passed.push(Buffer.from(scanner.frame ?? chunk.subarray(at, scanner.end)));
      if (step === STEPS.emptyFragment) emptyFragments++;
      if (step !== STEPS.control) continue;
      controls.push({ opcode: scanner.opcode, payload: Buffer.from(scanner.control) });
      over = scanner.opcode === OPCODE.close;
    }
  }
  const { messages, bytes, betweenFrames, betweenMessages } = scanner;
  return {
    passed: Buffer.concat(passed),
    controls,
    emptyFragments,
    violation,
    closed: over && violation === null,
    messages,
    bytes,
    betweenFrames,
    betweenMessages,
  };
}

/** How much of the stream may pass: what is whole, and of a data frame that is cut all that is there. */
function passable(parsed: ParsedStream, bytes: Buffer): number {
  return parsed.cutHeader !== null && parsed.cutHeader.opcode < 8 ? bytes.length : parsed.completeBytes;
}

function payloadBytes(parsed: ParsedStream, bytes: Buffer): number {
  const whole = parsed.frames.filter(({ opcode }) => opcode < 8);
  const cut = passable(parsed, bytes) - parsed.completeBytes;
  return (
    whole.reduce((sum, { payload }) => sum + payload.length, 0) +
    (cut === 0 ? 0 : cut - (parsed.cutHeader?.headerBytes ?? 0))
  );
}

/** The scanner judges a header's first two bytes at once; the reference parser when the header is complete. */
function judged(bytes: Buffer, rules: StreamRules): ParsedStream {
  const parsed = parseFrames(bytes, rules);
  if (!parsed.cut || parsed.cutHeader !== null || bytes.length - parsed.completeBytes < 2) return parsed;
  const second = bytes[parsed.completeBytes + 1] as number;
  // A length that is right and minimal, so that nothing is blamed but what stands in the first two bytes.
  const length = (second & 0x7f) === 127 ? [0, 0, 0, 0, 0, 1, 0, 0] : (second & 0x7f) === 126 ? [1, 0] : [];
  const header = [...bytes.subarray(parsed.completeBytes, parsed.completeBytes + 2), ...length, 0, 0, 0, 0];
  const { violation } = parseFrames(
    Buffer.concat([bytes.subarray(0, parsed.completeBytes), Buffer.from(header)]),
    { ...rules, maxMessageBytes: 0 },
  );
  return violation?.offset === parsed.completeBytes ? { ...parsed, violation } : parsed;
}

const KINDS = [
  { masked: true, deflate: false },
  { masked: false, deflate: false },
  { masked: true, deflate: true },
  { masked: false, deflate: true },
];

const cut = (bytes: Buffer): fc.Arbitrary<{ bytes: Buffer; pieces: Buffer[] }> =>
  cuttings(bytes).map((pieces) => ({ bytes, pieces }));

describe('Scanner, given valid frames', () => {
  it.each(KINDS)('passes every byte, counts right, and finds nothing wrong, however cut: %o', (rules) => {
    const property = fc.property(
      validFrames(rules).chain(({ bytes }) => cut(bytes)),
      fc.boolean(),
      ({ bytes, pieces }, toBoundary) => {
        const parsed = parseFrames(bytes, rules);
        const scanned = scan(pieces, rules, toBoundary);
        expect(scanned.violation).toBeNull();
        expect(scanned.passed.equals(bytes)).toBe(true);
        expect(scanned.messages).toBe(parsed.messages.length);
        expect(scanned.bytes).toBe(payloadBytes(parsed, bytes));
        expect(scanned.closed).toBe(parsed.close !== null);
        expect(scanned.betweenFrames).toBe(true);
        expect(scanned.betweenMessages).toBe(true);
        expect(scanned.controls).toEqual(
          parsed.frames
            .filter(({ opcode }) => opcode >= 8)
            .map(({ opcode, payload }) => ({ opcode, payload })),
        );
        const lonely = parsed.frames.filter(
          ({ opcode, fin, length }) => opcode < 8 && length === 0n && (opcode === 0 || !fin),
        );
        expect(scanned.emptyFragments).toBe(lonely.length);
      },
    );
    fc.assert(property, { numRuns: 60 });
  });

  it('stops at the end of every data frame when asked to', () => {
    const frames = fragmented(OPCODE.binary, Buffer.alloc(10), [4]).map(buildFrame);
    const chunk = Buffer.concat([...frames, ...frames]);
    const scanner = new Scanner(false, false, 0);
    const ends: number[] = [];
    for (let at = 0; at < chunk.length; at = scanner.end) {
      expect(scanner.advance(chunk, at, true)).toBe(STEPS.data);
      expect(scanner.betweenFrames).toBe(true);
      ends.push(scanner.end);
    }
    expect(ends).toEqual([6, 14, 20, 28]);
  });

  it('covers data frames of a whole chunk in one step when not', () => {
    const chunk = buildFrames(fragmented(OPCODE.text, Buffer.alloc(300), [100, 226]));
    const scanner = new Scanner(false, false, 0);
    expect(scanner.advance(chunk, 0, false)).toBe(STEPS.data);
    expect(scanner.end).toBe(chunk.length);
  });

  it('knows the middle of a frame from the middle of a message', () => {
    const [first, last] = fragmented(OPCODE.text, Buffer.from('abcd'), [2]).map(buildFrame) as [
      Buffer,
      Buffer,
    ];
    const scanner = new Scanner(false, false, 0);
    const where = () => [scanner.betweenFrames, scanner.betweenMessages];
    scanner.advance(first.subarray(0, 3), 0, false);
    expect(where()).toEqual([false, false]);
    scanner.advance(first.subarray(3), 0, false);
    expect(where()).toEqual([true, false]);
    scanner.advance(last, 0, false);
    expect(where()).toEqual([true, true]);
  });
});

describe('Scanner, given anything', () => {
  const damaged = (rules: StreamRules) =>
    validFrames({ ...rules, maxPayloadBytes: 400 })
      .chain(mutations)
      .chain(cut);

  it.each(KINDS)('judges as the reference parser does, and lets exactly the good frames pass: %o', (kind) => {
    const property = fc.property(
      damaged(kind),
      fc.constantFrom(0, 125, 300, 66_000),
      fc.boolean(),
      ({ bytes, pieces }, maxMessageBytes, toBoundary) => {
        const rules = { ...kind, maxMessageBytes };
        const parsed = judged(bytes, rules);
        const scanned = scan(pieces, rules, toBoundary);
        expect(scanned.violation?.code ?? null).toBe(parsed.violation?.code ?? null);
        expect(scanned.passed.length).toBe(passable(parsed, bytes));
        expect(scanned.passed.equals(bytes.subarray(0, scanned.passed.length))).toBe(true);
        expect(scanned.closed).toBe(parsed.close !== null);
        expect(scanned.messages).toBe(parsed.messages.length);
        expect(scanned.bytes).toBe(payloadBytes(parsed, bytes));
      },
    );
    fc.assert(property, { numRuns: 250 });
  });

  it.each(KINDS)('says the same whatever the cutting: %o', (rules) => {
    const property = fc.property(damaged(rules), ({ bytes, pieces }) => {
      const bytewise = Array.from(bytes, (byte) => Uint8Array.of(byte));
      expect(scan(pieces, rules)).toEqual(scan([bytes], rules));
      expect(scan(bytewise, rules)).toEqual(scan([bytes], rules));
    });
    fc.assert(property, { numRuns: 60 });
  });

  it.each(KINDS)('judges as ws does where both claim the same: %o', async (kind) => {
    const rules = { ...kind, maxMessageBytes: 66_000 };
    const property = fc.asyncProperty(damaged(rules), async ({ bytes, pieces }) => {
      const verdict = await askWs([bytes], rules);
      if (!isComparable(judged(bytes, rules), verdict)) return;
      const scanned = scan(pieces, rules);
      expect(scanned.violation?.code ?? null).toBe(verdict.code);
      expect(scanned.messages).toBe(verdict.messageBytes.length);
      expect(scanned.closed).toBe(verdict.close !== null);
    });
    await fc.assert(property, { numRuns: 60 });
  });

  it('never throws on bytes that are no frames at all', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1 })), fc.boolean(), (chunks, masked) => {
        const { passed } = scan(chunks, { masked });
        expect(passed.equals(Buffer.concat(chunks).subarray(0, passed.length))).toBe(true);
      }),
    );
  });
});

describe('Scanner, on every first two bytes', () => {
  const opening = (masked: boolean): Buffer =>
    buildFrame({ opcode: OPCODE.text, fin: false, mask: masked ? Buffer.alloc(4) : null });

  /** A complete header with these two bytes, its longer length (if it has one) in order. */
  function headerOf(first: number, second: number): Buffer {
    const lengths = { 126: [0x7f, 0xff], 127: [0, 0, 0, 0, 0, 1, 0, 0] } as Record<number, number[]>;
    const mask = second >= 0x80 ? [1, 2, 3, 4] : [];
    return Buffer.from([first, second, ...(lengths[second & 0x7f] ?? []), ...mask]);
  }

  it.each(KINDS)('agrees with the reference rules, within a message and outside of one: %o', (kind) => {
    const disagreements: string[] = [];
    for (let bits = 0; bits < 2 * 65_536; bits++) {
      const [first, second, inMessage] = [(bits >> 8) & 0xff, bits & 0xff, bits >= 65_536];
      const header = headerOf(first, second);
      const rules = new FrameRules(kind);
      const scanner = new Scanner(kind.masked, kind.deflate, 0);
      if (inMessage) {
        const open = opening(kind.masked);
        rules.header(readHeader(open) as NonNullable<ReturnType<typeof readHeader>>);
        scanner.advance(open, 0, false);
      }
      const expected = rules.header(readHeader(header) as NonNullable<ReturnType<typeof readHeader>>);
      const isValid = scanner.advance(header, 0, false) !== STEPS.violation;
      if (isValid !== (expected === null)) disagreements.push(`${header.toString('hex')} ${inMessage}`);
    }
    expect(disagreements).toEqual([]);
  });
});

describe('Scanner, at the edges of lengths', () => {
  const verdict = (spec: FrameSpec, rules: StreamRules = { masked: false }): Violation | null =>
    scan([buildFrame(spec)], rules).violation;

  it.each([0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537])(
    'takes %i bytes in the fewest bits, whole and cut',
    (size) => {
      for (const masked of [true, false]) {
        const mask = masked ? Buffer.from([9, 8, 7, 6]) : null;
        const bytes = buildFrame({ opcode: OPCODE.binary, payload: Buffer.alloc(size, 1), mask });
        for (const at of [1, 2, 3, 4, 6, 9, 10, 13, 14, 15, bytes.length - 1]) {
          const scanned = scan([bytes.subarray(0, at), bytes.subarray(at)], { masked });
          expect(scanned).toMatchObject({ violation: null, messages: 1, bytes: size, betweenFrames: true });
          expect(scanned.passed.equals(bytes)).toBe(true);
        }
      }
    },
  );

  it.each([
    [16, 0n],
    [16, 125n],
    [64, 125n],
    [64, 126n],
    [64, 65_535n],
  ] as const)('refuses a length in %i bits of only %i', (lengthBits, declaredLength) => {
    expect(verdict({ opcode: OPCODE.text, lengthBits, declaredLength })).toMatchObject({
      code: 1002,
      reason: 'payload length not minimally encoded',
    });
  });

  it.each([65_536n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n - 1n])(
    'begins a frame of %i bytes',
    (declaredLength) => {
      const scanned = scan([buildFrame({ opcode: OPCODE.binary, declaredLength }), Buffer.alloc(1000)], {
        masked: false,
      });
      expect(scanned).toMatchObject({ violation: null, bytes: 1000, messages: 0, betweenFrames: false });
    },
  );

  it.each([2n ** 53n, 2n ** 53n + 1n, 2n ** 62n, 2n ** 63n - 1n])(
    'refuses %i bytes with 1009: more than can be counted',
    (declaredLength) => {
      expect(verdict({ opcode: OPCODE.binary, declaredLength })).toMatchObject({ code: 1009 });
    },
  );

  it.each([2n ** 63n, 2n ** 64n - 1n])('refuses %i bytes with 1002: the top bit is set', (declaredLength) => {
    expect(verdict({ opcode: OPCODE.binary, declaredLength })).toMatchObject({ code: 1002 });
  });

  it('refuses a control frame of 126 bytes before its length is complete', () => {
    expect(scan([Uint8Array.of(0x89, 126)], { masked: false }).violation).toMatchObject({ code: 1002 });
  });
});

describe('Scanner, on control frames', () => {
  it('holds a control frame back until it is complete, wherever it is cut', () => {
    for (const masked of [true, false]) {
      const mask = masked ? Buffer.from([1, 2, 3, 4]) : null;
      const payload = Buffer.from(Array.from({ length: 125 }, (_, i) => i));
      const ping = buildFrame({ opcode: OPCODE.ping, payload, mask });
      for (let at = 1; at < ping.length; at++) {
        const [head, rest] = [ping.subarray(0, at), ping.subarray(at)];
        expect(scan([head], { masked }).passed.length).toBe(0);
        const scanned = scan([head, rest], { masked });
        expect(scanned.passed.equals(ping)).toBe(true);
        expect(scanned.controls).toEqual([{ opcode: OPCODE.ping, payload }]);
      }
    }
  });

  it('does not take a held control frame for the middle of a data frame', () => {
    const scanned = scan([buildFrame({ opcode: OPCODE.ping, payload: 'beat' }).subarray(0, 4)], {
      masked: false,
    });
    expect(scanned).toMatchObject({ betweenFrames: true, betweenMessages: true });
  });

  it.each([true, false])('takes exactly the close codes that may be sent (masked: %s)', (masked) => {
    const allowed = (code: number): boolean =>
      [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014].includes(code) ||
      (code >= 3000 && code <= 4999);
    const mask = masked ? Buffer.from([200, 100, 50, 25]) : null;
    const wrong: number[] = [];
    for (let code = 0; code <= 5000; code++) {
      const { closed, violation } = scan([buildFrame({ ...closeFrame(code, 'why'), mask })], { masked });
      if (closed !== allowed(code) || (violation === null) !== allowed(code)) wrong.push(code);
    }
    expect(wrong).toEqual([]);
  });

  it('takes a close without a code, and none of half a code', () => {
    expect(scan([buildFrame(closeFrame())], { masked: false })).toMatchObject({ closed: true });
    expect(scan([buildFrame({ opcode: OPCODE.close, payload: 'x' })], { masked: false })).toMatchObject({
      closed: false,
      violation: { code: 1002 },
    });
  });

  it('takes reasons in UTF-8 only, of at most 123 bytes', () => {
    const verdict = (reason: Uint8Array) =>
      scan([buildFrame({ opcode: OPCODE.close, payload: closePayload(1000, reason) })], { masked: false });
    expect(verdict(Buffer.from('für 🚀')).closed).toBe(true);
    expect(verdict(Buffer.alloc(123, 'x')).closed).toBe(true);
    expect(verdict(Buffer.alloc(124, 'x')).violation).toMatchObject({ code: 1002 });
    for (const bad of [[0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80]]) {
      expect(verdict(Uint8Array.from(bad)).violation).toMatchObject({ code: 1007 });
    }
  });

  it('lets nothing of an invalid close pass, however it is cut', () => {
    const bytes = buildFrames([{ opcode: OPCODE.text, payload: 'good' }, closeFrame(1005)]);
    for (let at = 1; at < bytes.length; at++) {
      const scanned = scan([bytes.subarray(0, at), bytes.subarray(at)], { masked: false });
      expect(scanned.passed.toString('latin1', 2)).toBe('good');
      expect(scanned.violation).toMatchObject({ code: 1002 });
    }
  });
});

describe('Scanner, on compression and limits', () => {
  it('takes RSV1 on the first frame of a message only, and only where compression was agreed', () => {
    const frames = fragmented(OPCODE.text, Buffer.alloc(8), [4], true);
    const late = frames.map((frame, i) => ({ ...frame, rsv1: i === 1 }));
    const deflate = { masked: false, deflate: true };
    expect(scan([buildFrames(frames)], deflate).violation).toBeNull();
    expect(scan([buildFrames(frames)], { masked: false }).violation).toMatchObject({ code: 1002 });
    expect(scan([buildFrames(late)], deflate)).toMatchObject({ violation: { code: 1002 }, bytes: 4 });
    const ping = buildFrame({ opcode: OPCODE.ping, rsv1: true });
    expect(scan([ping], deflate).violation).toMatchObject({ code: 1002 });
  });

  it('sums the fragments of a message for its limit, and begins anew with the next', () => {
    const rules = { masked: false, maxMessageBytes: 10 };
    const message = (size: number) => fragmented(OPCODE.binary, Buffer.alloc(size), [3, 6]);
    const ping = { opcode: OPCODE.ping, payload: Buffer.alloc(125) };
    expect(scan([buildFrames([...message(10), ping, ...message(10)])], rules)).toMatchObject({
      violation: null,
      messages: 2,
      bytes: 20,
    });
    const over = buildFrames([...message(10), ...message(11)]);
    const scanned = scan([over], rules);
    expect(scanned).toMatchObject({ violation: { code: 1009 }, messages: 1, bytes: 16 });
    // All but the frame that goes over: its header of two bytes and its five of payload.
    expect(scanned.passed.length).toBe(over.length - 7);
  });

  it('refuses a frame that is too long by its header alone', () => {
    const header = buildFrame({ opcode: OPCODE.binary, declaredLength: 11 });
    expect(scan([header], { masked: false, maxMessageBytes: 10 }).violation).toMatchObject({ code: 1009 });
  });
});
