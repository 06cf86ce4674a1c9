import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from './limits.ts';
import { cleanName, cleanText, freeName, guestName } from './names.ts';

describe('names', () => {
  it('keeps letters of any script and drops what cannot be seen', () => {
    expect(cleanName('  Zoë\u0000\u202e  Грейс \u200b')).toBe('Zoë Грейс');
  });

  it('never exceeds the limit, for any name and any others', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.array(fc.string()), (raw, others) => {
        const name = cleanName(raw);
        expect([...name].length).toBeLessThanOrEqual(LIMITS.maxNameLength);
        const free = freeName(name || 'x', others);
        expect([...free].length).toBeLessThanOrEqual(LIMITS.maxNameLength);
        expect(others.map((other) => other.toLowerCase())).not.toContain(free.toLowerCase());
      }),
    );
  });

  it('makes guest names of two words', () => {
    expect(guestName(() => 0)).toBe('Quiet Heron');
    expect(guestName(() => 0.999)).toBe('Clever Newt');
  });
});

describe('cleanText', () => {
  it('keeps line breaks and drops control characters and direction overrides', () => {
    expect(cleanText(' a\r\nb\u0007c\u202ed \n')).toBe('a\nb cd');
  });
});
