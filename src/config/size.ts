const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KB: 1000,
  MB: 1000 ** 2,
  GB: 1000 ** 3,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** A number and its unit; a variable may stand for all or part of it. */
export const SIZE_PATTERN = '^(\\d+(B|KB|MB|GB|KiB|MiB|GiB)?|.*\\$\\{.*)$';

const SIZE = /^(?<count>\d+)(?<unit>B|KB|MB|GB|KiB|MiB|GiB|)$/;

/** `64KiB` → 65536, or what is wrong with it. */
export function parseSize(input: string | number): { readonly value: number } | { readonly wrong: string } {
  const parts = SIZE.exec(String(input))?.groups;
  if (parts === undefined) return { wrong: 'expected a size such as 512, 64KiB or 1MiB' };
  const value = Number(parts['count']) * (UNITS[parts['unit'] ?? ''] ?? 1);
  return Number.isSafeInteger(value) ? { value } : { wrong: 'expected a size below 8192TiB' };
}
