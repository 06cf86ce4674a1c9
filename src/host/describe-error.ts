/** What was thrown, in one line. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `it threw ${describeValue(thrown)}, which is not an Error`;
  const message = thrown.message.split('\n', 1)[0] ?? '';
  return message === '' ? thrown.name : message;
}

/** What kind of thing a value is, without showing what is in it. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  return `a ${typeof value}`;
}
