/** What decides whether a stream gets colours. */
export interface ColorHints {
  readonly isTTY: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Whether to write colours: on a terminal, unless `NO_COLOR` is set to anything (https://no-color.org) or `TERM`
 * is `dumb`. `FORCE_COLOR` switches them on anywhere; `FORCE_COLOR=0` switches them off.
 */
export function wantsColor({ isTTY, env }: ColorHints): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return isTTY && env.TERM !== 'dumb';
}

/** Styles for text on a terminal; without colour each returns its text as it is. */
export interface Paint {
  readonly strong: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly accent: (text: string) => string;
}

/** ANSI styles (ECMA-48 SGR), or none. */
export function paint(color: boolean): Paint {
  const style = (on: number, off: number) => (text: string) =>
    color && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text;
  return { strong: style(1, 22), faint: style(2, 22), accent: style(36, 39) };
}

/** Text of a configuration or a peer, safe to print: control characters could move the cursor or hide lines. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD');
}
