import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unmask } from './unmask.mjs';

const MASK = Uint8Array.from([0x37, 0xfa, 0x21, 0x3d]);
const FROM = 20;

for (const length of [0, 1, 5, 1_023, 1_024, 1_025, 1_026, 1_027, 5_000]) {
  test(`unmasks ${length} bytes at any place and phase as RFC 6455 §5.3 says, and nothing beside them`, () => {
    for (const to of [FROM, FROM - 1, FROM - 2, FROM - 3, FROM - 4, 0]) {
      for (const phase of [0, 1, 2, 3]) {
        const chunk = Uint8Array.from({ length: FROM + length + 4 }, (_, index) => (index * 7) & 0xff);
        const expected = chunk
          .slice(FROM, FROM + length)
          .map((byte, index) => byte ^ (MASK[(phase + index) & 3] ?? 0));
        const [before, after] = [chunk.slice(0, to), chunk.slice(FROM + length)];
        unmask(chunk, FROM, to, length, MASK, phase);
        assert.deepEqual(chunk.subarray(to, to + length), expected);
        assert.deepEqual(chunk.subarray(0, to), before);
        assert.deepEqual(chunk.subarray(FROM + length), after);
      }
    }
  });
}
