const UNITS = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;

/** `1h2m3s4ms`, each part optional, or `0`; a variable may stand for all or part of it. */
export const DURATION_PATTERN = '^(0|(\\d+h)?(\\d+m)?(\\d+s)?(\\d+ms)?|.*\\$\\{.*)$';

const DURATION = /^(?:(?<h>\d+)h)?(?:(?<m>\d+)m(?!s))?(?:(?<s>\d+)s)?(?:(?<ms>\d+)ms)?$/;

/** The longest wait of a timer; a longer one would end at once. */
const MAX_MS = 2 ** 31 - 1;

/** `1m30s` → 90000, or what is wrong with it. */
export function parseDuration(
  input: string | number,
): { readonly value: number } | { readonly wrong: string } {
  if (input === 0 || input === '0') return { value: 0 };
  if (typeof input === 'number') return { wrong: bareNumber(input) };
  const parts = DURATION.exec(input)?.groups;
  if (input === '' || parts === undefined) return { wrong: whatIsWrong(input) };
  let value = 0;
  for (const unit of ['h', 'm', 's', 'ms'] as const) value += Number(parts[unit] ?? 0) * UNITS[unit];
  return value <= MAX_MS ? { value } : { wrong: 'expected a duration of at most 596h' };
}

// A number, unlike a text, cannot have come from a variable, so it may be repeated.
function bareNumber(found: number): string {
  if (!Number.isSafeInteger(found) || found < 0) return 'expected a duration such as 250ms, 30s, 1m30s or 2h';
  const guess = found >= 1000 ? `${found}ms` : `${found}s`;
  return `expected a duration with its unit: write ${guess}`;
}

function whatIsWrong(found: string): string {
  if (/^\d+$/.test(found)) return 'expected a duration with its unit: write 30s';
  return 'expected a duration such as 250ms, 30s, 1m30s or 2h';
}
