import { describe, expect, it } from 'vitest';
import { Chunks } from './chunks.ts';

const bytes = (length: number, value: number): Buffer => Buffer.alloc(length, value);

describe('Chunks', () => {
  it.each([1, 200, 4095, 4096, 30_000, 65_536])('keeps %i bytes as they are', (length) => {
    const read = bytes(length, 7);
    for (const writesAtOnce of [true, false]) {
      const chunk = new Chunks().keep(read, writesAtOnce);
      read.fill(8);
      expect(chunk.equals(bytes(length, 7))).toBe(true);
      read.fill(7);
    }
  });

  it('uses the room of a large chunk again once it was given back', () => {
    const chunks = new Chunks();
    const first = chunks.keep(bytes(65_536, 1), true);
    chunks.giveBack();
    const second = chunks.keep(bytes(10_000, 2), true);
    expect(second.buffer).toBe(first.buffer);
    expect(second.equals(bytes(10_000, 2))).toBe(true);
  });

  it('never gives the room of a chunk away that was not given back', () => {
    const chunks = new Chunks();
    const first = chunks.keep(bytes(65_536, 1), true);
    chunks.keep(bytes(65_536, 2), true);
    chunks.giveBack();
    const third = chunks.keep(bytes(65_536, 3), true);
    chunks.keep(bytes(65_536, 4), true);
    expect(first.equals(bytes(65_536, 1))).toBe(true);
    expect(third.equals(bytes(65_536, 3))).toBe(true);
  });

  it('never takes back what lies in a pool of Node, however large that is', () => {
    const { poolSize } = Buffer;
    Buffer.poolSize = 65_536;
    try {
      // Node makes the next pool of that size once the present one is used up.
      for (let used = 0; used < 16_384; used += 100) Buffer.allocUnsafe(100);
      const chunks = new Chunks();
      const small = chunks.keep(bytes(200, 1), true);
      chunks.giveBack();
      chunks.keep(bytes(65_536, 2), true);
      expect(small.equals(bytes(200, 1))).toBe(true);
    } finally {
      Buffer.poolSize = poolSize;
    }
  });

  it('takes no more room than it needs for what has to wait', () => {
    expect(new Chunks().keep(bytes(40_000, 1), false).buffer.byteLength).toBe(40_000);
  });
});
