import type { StandardSchemaV1 } from '@standard-schema/spec';

/**
 * The parts of Zod's issues that we read. By shape, not by Zod's types: a plugin may carry its own copy, of another
 * version.
 */
export interface ZodIssue extends StandardSchemaV1.Issue {
  readonly code: string;
  readonly keys?: readonly string[];
  readonly expected?: string;
  readonly values?: readonly unknown[];
  /** The values that tell the branches of a union apart. */
  readonly options?: readonly unknown[];
  readonly errors?: readonly (readonly ZodIssue[])[];
  readonly issues?: readonly ZodIssue[];
  readonly origin?: string;
  readonly minimum?: number | bigint;
  readonly maximum?: number | bigint;
  readonly inclusive?: boolean;
  readonly format?: string;
}

export function isZodIssue(issue: StandardSchemaV1.Issue): issue is ZodIssue {
  return typeof (issue as { code?: unknown }).code === 'string';
}

/** The branch of a union that the value was meant for: the one whose kind of value it is. */
export function branchOf(issue: ZodIssue): readonly ZodIssue[] | undefined {
  if (issue.code !== 'invalid_union') return undefined;
  const branches = issue.errors ?? [];
  const ofThisKind = branches.filter(
    (branch) => !branch.some((each) => isRoot(each) && WRONG_KIND.has(each.code)),
  );
  if (ofThisKind.length === 1) return ofThisKind[0];
  const oneOf = branches.filter((branch) =>
    branch.some((each) => isRoot(each) && each.code === 'invalid_value'),
  );
  return ofThisKind.length === 0 && oneOf.length === 1 ? oneOf[0] : undefined;
}

const WRONG_KIND: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value']);

const isRoot = (issue: ZodIssue): boolean => (issue.path ?? []).length === 0;

/** The issue in our words; in its author's when the schema brings a message of its own. */
export function sentence(issue: ZodIssue): string {
  if (!hasDefaultMessage(issue)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${kind(issue.expected)}`;
    case 'invalid_value':
      return expectedOneOf(issue.values ?? []);
    case 'invalid_union':
      return issue.options === undefined ? expectedKinds(issue) : expectedOneOf(issue.options);
    case 'invalid_format':
      return wrongFormat(issue);
    case 'too_small':
    case 'too_big':
      return outOfBounds(issue);
    case 'invalid_key':
      return `this name will not do: ${issue.issues?.[0] === undefined ? issue.message : sentence(issue.issues[0])}`;
    default:
      return issue.message;
  }
}

const DEFAULT_MESSAGES: Readonly<Record<string, RegExp>> = {
  invalid_type: /^Invalid input/,
  invalid_value: /^Invalid (input|option)/,
  invalid_union: /^Invalid (input|discriminator)/,
  invalid_format: /^Invalid /,
  too_small: /^Too small/,
  too_big: /^Too big/,
  invalid_key: /^Invalid key/,
};

const hasDefaultMessage = (issue: ZodIssue): boolean =>
  DEFAULT_MESSAGES[issue.code]?.test(issue.message) ?? false;

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'nothing',
  never: 'nothing',
};

const kind = (expected = 'something else'): string => KINDS[expected] ?? expected;

function expectedOneOf(values: readonly unknown[]): string {
  const names = values.map((value) => (typeof value === 'string' ? value : String(value)));
  return names.length === 1 ? `expected ${names[0]}` : `expected one of ${names.join(', ')}`;
}

// Zod says well what a text must contain; a format has only its name, and a pattern tells nobody anything.
function wrongFormat({ format, message }: ZodIssue): string {
  if (format === 'regex') return 'does not have the form that is expected';
  const must = /^Invalid string: (must .*)$/.exec(message)?.[1];
  return must ?? `expected a valid ${format}`;
}

function expectedKinds(issue: ZodIssue): string {
  const expected = (issue.errors ?? []).flat().filter((each) => each.code === 'invalid_type' && isRoot(each));
  const kinds = [...new Set(expected.map((each) => kind(each.expected)))];
  return kinds.length === 0 ? 'not a value that is possible here' : `expected ${kinds.join(' or ')}`;
}

function outOfBounds(issue: ZodIssue): string {
  const small = issue.code === 'too_small';
  const bound = small ? issue.minimum : issue.maximum;
  const most = small ? 'at least' : 'at most';
  if (issue.origin === 'string') {
    return small && Number(bound) === 1 ? 'must not be empty' : `must have ${most} ${bound} characters`;
  }
  if (issue.origin === 'array' || issue.origin === 'set' || issue.origin === 'map') {
    return small && Number(bound) === 1 ? 'must not be empty' : `must have ${most} ${bound} entries`;
  }
  if (issue.inclusive === false) return `expected a number ${small ? 'above' : 'below'} ${bound}`;
  return `expected a number of ${most} ${bound}`;
}
