import { describe, expect, it } from 'vitest';
import { MaskPool } from './mask-pool.ts';

describe('MaskPool', () => {
  it('gives four bytes each time, never the same key again, past every refill', () => {
    const masks = new MaskPool();
    const count = 5000;
    const seen = new Set<string>();
    for (let i = 0; i < count; i++) {
      const key = masks.next();
      expect(key.length).toBe(4);
      seen.add(Buffer.from(key).toString('hex'));
    }
    // Among 5,000 random keys one pair in 340 runs is equal by chance; a pool given out twice repeats 1,024.
    expect(seen.size).toBeGreaterThan(count - 5);
  });

  it('fills every byte', () => {
    const masks = new MaskPool();
    const zeros = [0, 0, 0, 0];
    for (let i = 0; i < 1000; i++) {
      for (const [at, byte] of masks.next().entries())
        zeros[at] = (zeros[at] as number) + (byte === 0 ? 1 : 0);
    }
    for (const count of zeros) expect(count).toBeLessThan(50);
  });
});
