import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildFrame, OPCODE, parseFrames } from '../../test/support/frames.ts';
import { closeCodeOf, encodeClose, encodeFrame } from './frame.ts';

const key = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);
const sizes = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537];

describe('encodeFrame', () => {
  it.each(sizes)('writes a payload of %i bytes as the reference does, masked and not', (size) => {
    const payload = Buffer.from(Array.from({ length: size }, (_, i) => i & 0xff));
    for (const mask of [null, key]) {
      const frame = encodeFrame(OPCODE.binary, payload, mask);
      expect(buildFrame({ opcode: OPCODE.binary, payload, mask }).equals(frame)).toBe(true);
    }
  });

  it('leaves the payload as it was', () => {
    const payload = Buffer.from('Hello');
    encodeFrame(OPCODE.text, payload, key);
    expect(payload.toString()).toBe('Hello');
  });
});

describe('encodeClose', () => {
  const read = (frame: Uint8Array, masked: boolean) => parseFrames(Buffer.from(frame), { masked });

  it('writes code and reason, masked toward the upstream', () => {
    expect(read(encodeClose(1001, 'gone', null), false).close).toEqual({ code: 1001, reason: 'gone' });
    expect(read(encodeClose(1001, 'gone', key), true).close).toEqual({ code: 1001, reason: 'gone' });
  });

  it('writes an empty payload for a close without a code', () => {
    expect(Buffer.from(encodeClose(null, 'not sent', null)).toString('hex')).toBe('8800');
  });

  it('cuts any reason at a character so that the frame is valid', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (reason) => {
        const parsed = read(encodeClose(4000, reason, null), false);
        expect(parsed.violation).toBeNull();
        const sent = parsed.close?.reason ?? '';
        expect(reason.startsWith(sent)).toBe(true);
        if (Buffer.byteLength(reason) <= 123) expect(sent).toBe(reason);
        else expect(Buffer.byteLength(sent)).toBeGreaterThan(123 - 4);
      }),
    );
  });
});

describe('closeCodeOf', () => {
  it('reads the code, or null where there is none', () => {
    expect(closeCodeOf(Uint8Array.of(0x0f, 0xa0, 0x78))).toBe(4000);
    expect(closeCodeOf(new Uint8Array(0))).toBeNull();
  });
});
