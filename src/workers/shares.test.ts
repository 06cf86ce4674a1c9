import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readObject } from '../config/load.ts';
import { readingAt, readingFor, shareOf } from './shares.ts';

describe('shares', () => {
  it('add up to what is shared, and differ by one at most', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 64 }),
      fc.integer({ min: 0, max: 5000 }),
      (count, more) => {
        const total = count + more;
        const shares = Array.from({ length: count }, (_, i) => shareOf(total, i + 1, count));
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      },
    );
    fc.assert(property);
  });

  it('are never nothing', () => {
    expect([1, 2, 3].map((worker) => shareOf(2, worker, 3))).toEqual([1, 1, 1]);
  });

  it('are all that differs between the configurations of two workers', () => {
    const reading = readObject({ server: { limits: { maxPendingHandshakes: 7 } } });
    const [one, two] = [1, 2].map((worker) => readingFor(reading, worker, 2).config?.server);
    expect([one?.maxPendingHandshakes, two?.maxPendingHandshakes]).toEqual([4, 3]);
    expect({ ...one, maxPendingHandshakes: 7 }).toEqual(reading.config?.server);
  });
});

it('a configuration with the port that was found differs in nothing else', () => {
  const reading = readObject({ server: { address: '127.0.0.1:0' } });
  const { config } = readingAt(reading, 4711);
  expect(config?.server.address).toEqual({ host: '127.0.0.1', port: 4711 });
  expect({ ...config?.server, address: null }).toEqual({ ...reading.config?.server, address: null });
});
