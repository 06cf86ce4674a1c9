import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byteSize, duration, noConfig, secret } from './values.ts';

const messageOf = (schema: ReturnType<typeof duration>, value: unknown): string | undefined =>
  schema.safeParse(value).error?.issues[0]?.message;

describe('duration', () => {
  it.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['2h', 7_200_000],
    ['1h1m1s1ms', 3_661_001],
    ['0', 0],
    ['0s', 0],
    [0, 0],
  ])('%s is %i milliseconds', (text, ms) => {
    expect(duration().parse(text)).toBe(ms);
  });

  it.each(['', ' 30s', '30 s', '30S', '-1s', '1.5s', '30', 's', '1s1m', '1m1m', '1d', 'soon', '30s '])(
    '%j is none',
    (text) => {
      expect(messageOf(duration(), text)).toMatch(/^expected a duration/);
    },
  );

  it('asks for the unit of a bare number', () => {
    expect(messageOf(duration(), 30)).toBe('expected a duration with its unit: write 30s');
    expect(messageOf(duration(), 1500)).toBe('expected a duration with its unit: write 1500ms');
    expect(messageOf(duration(), '45')).toBe('expected a duration with its unit: write 30s');
    expect(messageOf(duration(), -1)).toMatch(/^expected a duration such as/);
    expect(messageOf(duration(), 1.5)).toMatch(/^expected a duration such as/);
  });

  it('is never longer than a timer can wait', () => {
    expect(duration().parse('2147483647ms')).toBe(2 ** 31 - 1);
    expect(messageOf(duration(), '2147483648ms')).toBe('expected a duration of at most 596h');
    expect(messageOf(duration(), `${'9'.repeat(400)}h`)).toBe('expected a duration of at most 596h');
  });

  it('means the sum of its parts, whichever are there', () => {
    const part = fc.option(fc.nat(400), { nil: undefined });
    fc.assert(
      fc.property(part, part, part, part, (h, m, s, ms) => {
        const text = [
          h === undefined ? '' : `${h}h`,
          m === undefined ? '' : `${m}m`,
          s === undefined ? '' : `${s}s`,
          ms === undefined ? '' : `${ms}ms`,
        ].join('');
        fc.pre(text !== '');
        expect(duration().parse(text)).toBe((((h ?? 0) * 60 + (m ?? 0)) * 60 + (s ?? 0)) * 1000 + (ms ?? 0));
      }),
    );
  });

  it('parses or explains whatever it is given, and never throws or shows it', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double(), fc.anything()), (value) => {
        const result = duration().safeParse(value);
        if (result.success) expect(Number.isSafeInteger(result.data)).toBe(true);
        else expect(result.error.issues[0]?.message).toMatch(/^expected a duration/);
      }),
    );
  });

  it('shows its default as people write it, and takes it', () => {
    expect(duration().prefault('30s').parse(undefined)).toBe(30_000);
  });
});

describe('byteSize', () => {
  it.each([
    [512, 512],
    ['512', 512],
    ['512B', 512],
    ['64KiB', 65_536],
    ['1MiB', 1_048_576],
    ['64KB', 64_000],
    ['1MB', 1_000_000],
    ['2GiB', 2_147_483_648],
    ['0', 0],
    [0, 0],
  ])('%s is %i bytes', (text, bytes) => {
    expect(byteSize().parse(text)).toBe(bytes);
  });

  it.each(['', '1 KiB', '1kib', '1.5MiB', '-1', 'KiB', '1TiB', 1.5, -1, Number.NaN, 1e21])(
    '%j is none',
    (value) => {
      expect(messageOf(byteSize(), value)).toMatch(/^expected a size/);
    },
  );

  it('is a whole number of bytes that a double can hold', () => {
    const units = fc.constantFrom(
      ['B', 1],
      ['KB', 1e3],
      ['MB', 1e6],
      ['GB', 1e9],
      ['KiB', 2 ** 10],
      ['MiB', 2 ** 20],
      ['GiB', 2 ** 30],
    );
    fc.assert(
      fc.property(fc.nat(), units, (count, [unit, factor]) => {
        const bytes = count * Number(factor);
        const result = byteSize().safeParse(`${count}${unit}`);
        expect(result.data).toBe(Number.isSafeInteger(bytes) ? bytes : undefined);
      }),
    );
  });
});

describe('secret', () => {
  it('is a text or names a file', () => {
    expect(secret().parse('key')).toBe('key');
    expect(secret().parse({ file: '/run/secrets/key' })).toEqual({ file: '/run/secrets/key' });
    for (const wrong of ['', 5, {}, { file: '' }, { file: 'a', other: 1 }])
      expect(secret().safeParse(wrong).success).toBe(false);
  });
});

describe('noConfig', () => {
  it('takes nothing, in every spelling', () => {
    for (const nothing of [undefined, null, {}]) expect(noConfig.parse(nothing)).toEqual({});
    for (const something of [{ a: 1 }, { a: undefined }, [], 'x', 0])
      expect(noConfig.safeParse(something).success).toBe(false);
  });
});
