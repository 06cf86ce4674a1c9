/** As much of a list of headers as the rules of the handshake read. */
export interface HeaderFields {
  /** Every value of a header, in order; `name` is in lower case. */
  getAll(name: string): readonly string[];
}

/** An extension as it stands in `Sec-WebSocket-Extensions` (RFC 6455 §9.1). */
export interface ExtensionElement {
  readonly name: string;
  /** In order, repeated ones kept apart; `null` for a parameter without a value; quoted values without quotes. */
  readonly params: readonly (readonly [name: string, value: string | null])[];
  /** As it was sent, without the white space around it. */
  readonly text: string;
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/s;

/** Whether `text` is a token of RFC 9110 §5.6.2. */
export const isToken = (text: string): boolean => TOKEN.test(text);

/**
 * Cuts `text` at each `separator` outside a quoted string, and takes the white space off each part.
 * `null` when a quoted string does not end.
 */
function cut(text: string, separator: ',' | ';'): string[] | null {
  const parts: string[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (quoted && character === '\\') i++;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === separator) {
      parts.push(trimBlanks(text.slice(start, i)));
      start = i + 1;
    }
  }
  parts.push(trimBlanks(text.slice(start)));
  return quoted ? null : parts;
}

/**
 * Takes optional white space off both ends: space and tab, nothing else (RFC 9110 §5.6.3), so it is not trim(). Not a
 * regular expression either: one can take time squared, which a header full of blanks turns into a second.
 */
export function trimBlanks(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text, start)) start++;
  while (end > start && isBlank(text, end - 1)) end--;
  return text.slice(start, end);
}

const isBlank = (text: string, at: number): boolean => text[at] === ' ' || text[at] === '\t';

/** The elements of a list header; empty ones are legal and left out (RFC 9110 §5.6.1.2). `null` when malformed. */
function listElements(values: readonly string[]): string[] | null {
  return cut(values.join(','), ',')?.filter((element) => element !== '') ?? null;
}

/** The tokens of a list header, all its lines together. `null` when one of them is not a token. */
export function parseTokenList(values: readonly string[]): string[] | null {
  const elements = listElements(values);
  return elements?.every(isToken) ? elements : null;
}

/** Whether the list header names `token`, which is given in lower case, in any case. Elements that are not tokens are passed over. */
export function namesToken(values: readonly string[], token: string): boolean {
  return values.some((value) => {
    const list = value.toLowerCase();
    return list === token || list.split(',').some((element) => trimBlanks(element) === token);
  });
}

/** The elements of `Sec-WebSocket-Extensions`, all its lines together. `null` when malformed (RFC 6455 §9.1). */
export function parseExtensionList(values: readonly string[]): ExtensionElement[] | null {
  const elements = listElements(values);
  if (elements === null) return null;
  const extensions: ExtensionElement[] = [];
  for (const text of elements) {
    const extension = parseExtension(text);
    if (extension === null) return null;
    extensions.push(extension);
  }
  return extensions;
}

function parseExtension(text: string): ExtensionElement | null {
  const [name, ...rest] = cut(text, ';') ?? [];
  if (name === undefined || !isToken(name)) return null;
  const params: [string, string | null][] = [];
  for (const part of rest) {
    const param = parseParam(part);
    if (param === null) return null;
    params.push(param);
  }
  return { name, params, text };
}

function parseParam(part: string): [string, string | null] | null {
  const equals = part.indexOf('=');
  if (equals === -1) return isToken(part) ? [part, null] : null;
  const name = trimBlanks(part.slice(0, equals));
  const written = trimBlanks(part.slice(equals + 1));
  // A quoted value has to be a token once its quotes are off (RFC 6455 §9.1).
  const value = QUOTED.exec(written)?.[1]?.replace(/\\(.)/gs, '$1') ?? written;
  return isToken(name) && isToken(value) ? [name, value] : null;
}
