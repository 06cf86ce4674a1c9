import { describe, expect, it } from 'vitest';
import { paint, printable, wantsColor } from './terminal.ts';

describe('wantsColor', () => {
  it('is true on a terminal only', () => {
    expect(wantsColor({ isTTY: true, env: {} })).toBe(true);
    expect(wantsColor({ isTTY: false, env: {} })).toBe(false);
    expect(wantsColor({ isTTY: true, env: { TERM: 'dumb' } })).toBe(false);
  });

  it('obeys NO_COLOR first and FORCE_COLOR then', () => {
    expect(wantsColor({ isTTY: true, env: { NO_COLOR: '1' } })).toBe(false);
    expect(wantsColor({ isTTY: true, env: { NO_COLOR: '' } })).toBe(true);
    expect(wantsColor({ isTTY: false, env: { FORCE_COLOR: '1' } })).toBe(true);
    expect(wantsColor({ isTTY: true, env: { FORCE_COLOR: '0' } })).toBe(false);
    expect(wantsColor({ isTTY: false, env: { NO_COLOR: '1', FORCE_COLOR: '1' } })).toBe(false);
  });
});

describe('paint', () => {
  it('leaves text alone without colour', () => {
    expect(paint(false).strong('x')).toBe('x');
    expect(paint(true).strong('x')).toBe('\u001b[1mx\u001b[22m');
  });
});

describe('printable', () => {
  it('replaces what would move the cursor or turn the text around', () => {
    expect(printable('a\u001b[2Jb\nc\u202e')).toBe('a\uFFFD[2Jb\uFFFDc\uFFFD');
  });
});
