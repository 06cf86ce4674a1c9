/** The variables that a configuration may use: `process.env` fits. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A text with its variables put in. */
export interface Substituted {
  /** What was written, if something cannot be put in. */
  readonly text: string;
  /** Whether the value of a variable, or its default, is part of the text. */
  readonly changed: boolean;
  /** What cannot be put in, in words; never a value. */
  readonly wrong: readonly string[];
}

const PLACEHOLDER = /\$\$\{|\$\{(?<inside>[^}]*)\}|\$\{/g;
const VARIABLE = /^(?<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?<fallback>[\s\S]*))?$/;

/**
 * Puts variables into a text: `${NAME}`, and `${NAME:-default}` for one that may be unset or empty. `$${` stands for
 * a literal `${`.
 */
export function substitute(text: string, environment: Environment): Substituted {
  const wrong: string[] = [];
  let changed = false;
  const result = text.replace(PLACEHOLDER, (placeholder: string, inside: string | undefined) => {
    if (placeholder === '$${') return '${';
    const found = lookUp(placeholder, inside, environment);
    if ('wrong' in found) wrong.push(found.wrong);
    changed = true;
    return 'value' in found ? found.value : placeholder;
  });
  return { text: wrong.length > 0 ? text : result, changed, wrong };
}

type Found = { readonly value: string } | { readonly wrong: string };

function lookUp(placeholder: string, inside: string | undefined, environment: Environment): Found {
  const parts = inside === undefined ? undefined : VARIABLE.exec(inside)?.groups;
  const name = parts?.['name'];
  if (name === undefined) {
    return {
      wrong: `${placeholder} names no variable: write \${NAME} or \${NAME:-default}, or $\${ for the characters`,
    };
  }
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  const fallback = parts?.['fallback'];
  if (fallback !== undefined) return { value: value === undefined || value === '' ? fallback : value };
  // A variable that holds its own placeholder is a template that nobody filled in.
  if (value !== undefined && value !== placeholder) return { value };
  return {
    wrong: `the environment variable ${name} is not set: set it, or write a default, \${${name}:-default}`,
  };
}

/**
 * The parts of `text` that variables gave, when `written` stands in the file: a placeholder and what it became each.
 * Which of several neighbouring variables gave what may be unclear; together the parts are everything they gave.
 */
export function variableParts(
  written: string,
  text: string,
): { readonly placeholder: string; readonly value: string }[] {
  const placeholders: string[] = [];
  let pattern = '';
  let end = 0;
  for (const match of written.matchAll(PLACEHOLDER)) {
    pattern += escapeRegExp(written.slice(end, match.index));
    end = match.index + match[0].length;
    if (match[0] === '$${') pattern += escapeRegExp('${');
    else {
      placeholders.push(match[0]);
      pattern += '([\\s\\S]*)';
    }
  }
  pattern += escapeRegExp(written.slice(end));
  const values = new RegExp(`^${pattern}$`).exec(text)?.slice(1) ?? [text];
  return values.map((value, i) => ({ placeholder: placeholders[i] ?? written, value }));
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
