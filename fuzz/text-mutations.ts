import type { Random } from './random.ts';

/** What is worth a try within a head. */
const TOKENS = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '"',
  '\\',
  '%',
  '%00',
  '%2e%2e',
  '%2F',
  '..',
  '//',
  '?',
  '#',
  '\r\n\r\n',
  '\r\n ',
  '\r\n\t',
  '\x7f',
  '\xff',
  '\xc3\xa4',
  '*',
  '[::1]',
  '@',
  'chunked',
  'close',
  'keep-alive',
  'upgrade',
  'websocket',
  'h2c',
  '100-continue',
  'identity',
  '0',
  '-1',
  '13',
  '99999999999999999999',
  'gzip',
] as const;

const LINES = [
  'Host: other.test',
  'Upgrade: h2c',
  'Upgrade: websocket',
  'Upgrade: websocket, h2c',
  'Connection: Upgrade',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: Host',
  'Connection: Sec-WebSocket-Key, Upgrade',
  'Connection: X-Secret',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding: identity',
  'Content-Length: 0',
  'Content-Length: 5',
  'Content-Length: 00',
  'Content-Length: 5, 5',
  'Content-Length: -1',
  'Expect: 100-continue',
  'Expect: something',
  'HTTP2-Settings: AAMAAABkAAQAAP__',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Key: short',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Version: 8',
  'Sec-WebSocket-Version: 013',
  'Sec-WebSocket-Protocol: a, b, a',
  'Sec-WebSocket-Protocol: chat',
  'Sec-WebSocket-Protocol: "',
  'Sec-WebSocket-Extensions: permessage-deflate',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits="15"',
  'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=7, foo; bar="b\\"az"',
  'Sec-WebSocket-Extensions: foo',
  'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=',
  'X-Forwarded-For: 1.2.3.4',
  'X-Forwarded-For: ,,[::1]:80, "',
  'Forwarded: for="[::1]:x";proto=https',
  'X-Forwarded-Proto: https',
  'X-Wsfw-Secret: 1',
  'X-Request-Id: a b',
  'X-Request-Id: ok-1',
  'TE: trailers',
  'Trailer: X',
  'Cookie: a=1',
  'Cookie: b=2',
  ' folded: line',
  '\tfolded',
  'NoColon',
  ': no name',
  'Space : before',
  'X-Empty:',
  'X-High: \xe4\xff',
  'Proxy-Connection: keep-alive',
  'Keep-Alive: timeout=5',
  'Location: /elsewhere',
  'Set-Cookie: a=1',
  'Set-Cookie: b=2',
] as const;

type Mutation = (text: string, random: Random) => string;

const at = (text: string, random: Random): number => random.below(text.length + 1);

/** The lines of a text with their ends, one of them changed into any number of others. */
function onLine(change: (line: string, random: Random) => string[]): Mutation {
  return (text, random) => {
    const lines = text.split(/(?<=\n)/);
    const index = random.below(lines.length);
    lines.splice(index, 1, ...change(lines[index] ?? '', random));
    return lines.join('');
  };
}

const replaceEnd = (line: string, end: string): string => line.replace(/\r?\n$/, end);

/** From the whole of a head down to its bits. */
const MUTATIONS: readonly (readonly [number, Mutation])[] = [
  [6, onLine((line, random) => [line, `${random.pick(LINES)}\r\n`])],
  [3, onLine((line) => [line, line])],
  [3, onLine(() => [])],
  [3, onLine((line, random) => [`${random.pick(LINES)}${/\r?\n$/.exec(line)?.[0] ?? ''}`])],
  [
    2,
    onLine((line, random) => [
      replaceEnd(line, random.pick(['\n', '\r', '', '\r\r\n', '\n\r', '\r\n ', ' \r\n', '\0\r\n'])),
    ]),
  ],
  [
    1,
    onLine((line, random) => [
      replaceEnd(line, `${'x'.repeat(random.pick([1_000, 16_000, 17_000, 70_000]))}\r\n`),
    ]),
  ],
  [1, onLine((line, random) => [line, `${random.pick(LINES)}\r\n`.repeat(random.pick([50, 500, 2_500]))])],
  [4, (text, random) => insert(text, at(text, random), random.pick(TOKENS))],
  [3, onLine((line, random) => [insert(line, at(line, random), random.pick(TOKENS))])],
  [3, onToken((_, random) => random.pick(TOKENS))],
  [2, onToken((token) => token.toUpperCase())],
  [2, onToken((token) => `${token}, ${token}`)],
  [2, onToken(() => '')],
  [2, (text, random) => insert(text, at(text, random), random.bytes(random.between(1, 4)))],
  [2, cutOut],
  [1, flipBit],
  [1, (text, random) => text.slice(0, at(text, random))],
  [1, (text, random) => text + text.slice(0, at(text, random))],
];

function insert(text: string, position: number, piece: string): string {
  return text.slice(0, position) + piece + text.slice(position);
}

function onToken(change: (token: string, random: Random) => string): Mutation {
  return (text, random) => {
    const tokens = text.split(/([!#$%&'*+\-.^_`|~0-9A-Za-z=/]+)/);
    const index = 1 + 2 * random.below(Math.max(1, tokens.length >> 1));
    const token = tokens[index];
    if (token !== undefined) tokens[index] = change(token, random);
    return tokens.join('');
  };
}

function cutOut(text: string, random: Random): string {
  const start = at(text, random);
  return text.slice(0, start) + text.slice(start + random.pick([1, 1, 2, 8, 40]));
}

function flipBit(text: string, random: Random): string {
  const position = random.below(Math.max(1, text.length));
  const flipped = String.fromCharCode(text.charCodeAt(position) ^ (1 << random.below(8)));
  return text.slice(0, position) + flipped + text.slice(position + 1);
}

/** A head, or any text, damaged or embellished in so many places. */
export function mutateText(text: string, random: Random, times: number): string {
  let mutated = text;
  for (let i = 0; i < times; i++) mutated = random.weighted(MUTATIONS)(mutated, random);
  return mutated;
}
