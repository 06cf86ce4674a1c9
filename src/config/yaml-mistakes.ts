/** What the YAML parser says, where it speaks to programmers or not of the mistake that is mostly behind it. */
const PLAIN_WORDS: readonly (readonly [parser: RegExp, ours: string])[] = [
  [
    /^Nested mappings are not allowed/,
    'there is a second key in one value. Is the next line indented too far? A text with ": " in it needs quotes',
  ],
  [
    /^Implicit keys need to be on a single line/,
    'a key and its : have to be on one line. Is the next line indented too far?',
  ],
  [
    /^Source contains multiple documents/,
    'a second document starts here: remove the ---, or make two files of it',
  ],
  [/^Alias cannot be an empty string/, 'a * begins an alias: put quotes around it'],
  [/^Plain value cannot start with reserved character (.)/, 'a text that starts with $1 needs quotes'],
  [
    /^Missing , or : between flow sequence items/,
    'a comma is missing between [ and ]. A text with [ ] { } in it, such as ${NAME}, needs quotes there',
  ],
  [/^(All (?:sequence|mapping) items must start at the same column)/, '$1: is this line indented rightly?'],
  [
    /^Sequence item without - indicator/,
    'this line is neither in the list nor below it: is it indented rightly?',
  ],
  [/^Flow (?:sequence|map) .*\bend with a (.)$/, 'a $1 is missing before this line'],
];

/** A message of the YAML parser, in words for whoever wrote the file. */
export function explainSyntaxError(message: string): string {
  for (const [parser, ours] of PLAIN_WORDS) {
    const match = parser.exec(message);
    if (match !== null) return ours.replace('$1', match[1] ?? '');
  }
  return message;
}
