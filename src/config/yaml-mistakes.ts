const QUOTES = `a text with [ ] { } or , in it, such as \${NAME}, needs quotes between brackets`;

/** What the YAML parser says, where it speaks to programmers, or not of the mistake that is mostly behind it. */
const PLAIN_WORDS: readonly (readonly [parser: RegExp, ours: string])[] = [
  [
    /^Nested mappings are not allowed/,
    'one value has a second key in it: is the next line indented too far? A text with ": " in it needs quotes',
  ],
  [/^Implicit keys need to be on a single line/, 'expected a key, a colon and a space'],
  [
    /^Source contains multiple documents/,
    'a second document begins here: leave the --- out, or make two files',
  ],
  [/^Alias cannot be an empty string/, 'a text that begins with * needs quotes'],
  [/^Plain value cannot start with .*(.)$/, 'a text that begins with $1 needs quotes'],
  [/^Missing , or : between flow/, `a comma is missing, or ${QUOTES}`],
  [/^Unexpected flow-(?:map|seq)-start at node end/, QUOTES],
  [/^Unexpected flow-(?:map|seq)-end token in YAML stream: "(.)"/, 'there is a $1 too many'],
  [/^Flow (?:sequence|map) .* end with a (.)$/, 'a $1 is missing before this'],
  [/^All (sequence|mapping) items must start at the same column/, 'is indented unlike what stands beside it'],
  [/^Sequence item without - indicator/, 'is indented as an entry of the list, but has no -'],
];

/** A message of the YAML parser, in words for whoever wrote the file. */
export function inPlainWords(message: string): string {
  for (const [parser, ours] of PLAIN_WORDS) {
    const match = parser.exec(message);
    if (match !== null) return ours.replace('$1', () => match[1] ?? '');
  }
  return message;
}
