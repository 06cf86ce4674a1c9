import { describe, expect, it } from 'vitest';
import { CLOSE_CODES, mayBeSent } from './close-codes.ts';

describe('mayBeSent', () => {
  it('takes the codes of the registry and of applications, and no other (RFC 6455 §7.4)', () => {
    const registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    const wrong: number[] = [];
    for (let code = 0; code <= 0xffff; code++) {
      const expected = registered.includes(code) || (code >= 3000 && code <= 4999);
      if (mayBeSent(code) !== expected) wrong.push(code);
    }
    expect(wrong).toEqual([]);
  });

  it('refuses those that stand for what was not sent', () => {
    expect(mayBeSent(CLOSE_CODES.noCode)).toBe(false);
    expect(mayBeSent(CLOSE_CODES.abnormal)).toBe(false);
  });
});
