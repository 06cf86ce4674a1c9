import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pingNumber, pingPayload } from './ping-payload.ts';

const tokens = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const numbers = fc.nat(2 ** 32 - 1);

describe('pingPayload', () => {
  it('is eight bytes from which the number comes back, for that token only', () => {
    fc.assert(
      fc.property(tokens, tokens, numbers, (token, other, number) => {
        const payload = pingPayload(token, number);
        expect(payload.length).toBe(8);
        expect(pingNumber(token, payload)).toBe(number);
        if (other !== token) expect(pingNumber(other, payload)).toBeNull();
      }),
    );
  });

  it('is not found in payloads of another length, or out of place', () => {
    const payload = pingPayload(7, 1);
    expect(pingNumber(7, payload.subarray(0, 7))).toBeNull();
    expect(pingNumber(7, Buffer.concat([payload, Buffer.alloc(1)]))).toBeNull();
    const shifted = Buffer.concat([Buffer.alloc(3), payload]).subarray(3);
    expect(pingNumber(7, shifted)).toBe(1);
  });
});
