import { describe, expect, it } from 'vitest';

interface Closing {
  explainClose(code: number, reason: string): string;
  comesBack(code: number, reason: string): boolean;
  backoffMs(attempt: number, random?: () => number): number;
}

// The page's own module, as the browser loads it: plain JavaScript without declarations.
const file = new URL('./page/closing.js', import.meta.url).href;
const { explainClose, comesBack, backoffMs } = (await import(/* @vite-ignore */ file)) as Closing;

describe('how the page takes the end of a connection', () => {
  it('explains every code that the gateway sends', () => {
    for (const code of [1001, 1002, 1006, 1008, 1009, 1011, 1012]) {
      expect(explainClose(code, '')).not.toMatch(/does not know/);
    }
    expect(explainClose(1001, 'no messages for 60s')).toMatch(/Nobody said anything/);
    expect(explainClose(4001, '')).toMatch(/application/);
    expect(explainClose(3999, '')).toMatch(/does not know/);
  });

  it('comes back by itself, but not after a quiet, agreed or forbidden end', () => {
    expect(comesBack(1012, 'service restart')).toBe(true);
    expect(comesBack(1006, '')).toBe(true);
    expect(comesBack(1001, 'no messages for 60s')).toBe(false);
    expect(comesBack(1000, 'bye')).toBe(false);
    expect(comesBack(1008, 'too many messages')).toBe(false);
  });

  it('waits longer from attempt to attempt, half of it at random, 15 s at most', () => {
    expect([0, 1, 2, 5, 400].map((attempt) => backoffMs(attempt, () => 1))).toEqual([
      500, 1000, 2000, 15_000, 15_000,
    ]);
    expect(backoffMs(0, () => 0)).toBe(250);
  });
});
