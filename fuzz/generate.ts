import { type Case, KINDS, type Kind, type Step } from './case.ts';
import { closeFrameOf, type Direction, frameSteps, mutateFrames, validFrames } from './frame-mutations.ts';
import { PATHS } from './gateway-config.ts';
import type { Random } from './random.ts';
import { mutateText } from './text-mutations.ts';

const PLAIN_PATHS = [
  '/health/live',
  '/health/ready',
  '/nowhere',
  '*',
  'http://gateway.test/health/live',
] as const;
const OTHER_TARGETS = [
  '/ws/a/../b',
  '/ws/%2e%2e/x',
  '/ws/%2f',
  '/ws/a%00',
  '/ws//',
  '/ws/\xe4',
  '/ws/%zz',
  '/rooms/',
  '/rooms/a/b',
  '/rooms/%3F',
  'ws://gateway.test/ws',
  'http://other.test:80/ws?x=1',
  'HTTP://gateway.test',
  '/ws?',
  '/ws?x=2&fixed=3',
  '/ws#fragment',
  'gateway.test:443',
  '/WS/',
  `/ws/${'a/'.repeat(200)}`,
  '/\\',
  '/ws/;a=b',
] as const;
const METHODS = ['GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'CONNECT', 'get', 'PRI', 'BREW'] as const;

/** A new case, valid for the most part, damaged in some places. */
export function generate(random: Random, only: Kind | null): Case {
  const kind = only ?? random.pick(KINDS);
  if (kind === 'handshake') return handshakeCase(random);
  return kind === 'frames' ? framesCase(random) : upstreamCase(random);
}

const carrier = (random: Random): Case['over'] =>
  random.weighted([
    [11, 'tcp'],
    [1, 'tls'],
  ]);

// What a client says first.

function handshakeCase(random: Random): Case {
  const first = random.weighted<() => string>([
    [6, () => handshake(random, random.pick([...PATHS, ...OTHER_TARGETS]))],
    [2, () => plainRequest(random)],
    [2, () => otherUpgrade(random)],
  ])();
  const text = mutateText(first, random, random.pick([0, 1, 1, 1, 2, 3, 6]));
  const steps: Step[] = [...(random.oneIn(4) ? pieces(random) : []), ...inParts(text, random)];
  if (random.oneIn(3)) steps.push(...behindIt(random));
  return {
    kind: 'handshake',
    over: random.oneIn(60) ? 'no-tls' : carrier(random),
    client: [...steps, ...leaving(random)],
    upstream: null,
  };
}

const pieces = (random: Random): Step[] => [{ do: 'pieces', size: random.pick([1, 2, 5, 60, 500]) }];

/** The text, whole or with a pause somewhere. */
function inParts(text: string, random: Random): Step[] {
  if (!random.oneIn(3)) return [{ do: 'bytes', text }];
  const cut = random.below(text.length + 1);
  const pause: Step = random.oneIn(15) ? { do: 'wait', ms: random.pick([100, 700, 1_500]) } : { do: 'turn' };
  return [{ do: 'bytes', text: text.slice(0, cut) }, pause, { do: 'bytes', text: text.slice(cut) }];
}

/** What nobody has asked for yet: early frames, further requests, bytes. */
function behindIt(random: Random): Step[] {
  const steps: Step[] = random.oneIn(4) ? [{ do: 'turn' }] : [];
  const direction = { masked: true, deflate: false };
  return random.weighted<() => Step[]>([
    [
      3,
      () => [
        ...steps,
        ...frameSteps(mutateFrames(validFrames(random, direction, 2), random, random.below(2)), random),
      ],
    ],
    [3, () => [...steps, { do: 'bytes', text: handshake(random, random.pick(PATHS)) }]],
    [2, () => [...steps, { do: 'bytes', text: plainRequest(random) }]],
    [1, () => [...steps, { do: 'bytes', text: otherUpgrade(random) }]],
    [1, () => [...steps, { do: 'bytes', text: '5\r\nhello\r\n0\r\n\r\n' }]],
    [1, () => [...steps, { do: 'bytes', text: 'x'.repeat(random.pick([10, 70_000, 200_000])) }]],
  ])();
}

function leaving(random: Random): Step[] {
  return random.weighted<Step[]>([
    [8, [{ do: 'answer' }, { do: 'behave' }, { do: 'close' }]],
    [2, [{ do: 'answer' }, { do: 'end' }]],
    [1, [{ do: 'end' }]],
    [1, [{ do: 'reset' }]],
    [1, [{ do: 'turn' }, { do: 'reset' }]],
    [1, []],
  ]);
}

function handshake(random: Random, target: string): string {
  const lines = [
    `${random.oneIn(8) ? random.pick(METHODS) : 'GET'} ${target} HTTP/1.1`,
    `Host: ${random.oneIn(6) ? random.pick(['a.example.test', 'a.example.test:80', '[::1]:1', '', 'a b']) : 'gateway.test'}`,
    'Upgrade: websocket',
    `Connection: ${random.oneIn(6) ? 'keep-alive, Upgrade' : 'Upgrade'}`,
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    'X-Fuzz-Case: {case}',
  ];
  if (random.oneIn(4)) lines.push('Sec-WebSocket-Protocol: chat, superchat');
  if (random.oneIn(4)) lines.push('Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits');
  return `${lines.join('\r\n')}\r\n\r\n`;
}

function plainRequest(random: Random): string {
  const target = random.pick([...PLAIN_PATHS, ...PATHS, ...OTHER_TARGETS]);
  const body = random.pick([
    '',
    '',
    'Content-Length: 5\r\n\r\nhello',
    'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    'Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello',
    'Content-Length: 50\r\n\r\nhello',
    'Connection: close\r\n\r\n',
  ]);
  const head = `${random.pick(METHODS)} ${target} HTTP/1.${random.pick([1, 1, 1, 0])}\r\nHost: gateway.test\r\n`;
  return body === '' ? `${head}\r\n` : head + body;
}

/** Java clients and `curl --http2` ask for h2c, with bodies too. */
function otherUpgrade(random: Random): string {
  const body = random.pick([
    '\r\n',
    'Content-Length: 5\r\n\r\nhello',
    'Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
  ]);
  const target = random.pick(['/health/live', '/ws', '/nowhere']);
  return (
    `${random.pick(['GET', 'POST'])} ${target} HTTP/1.1\r\nHost: gateway.test\r\nUpgrade: ${random.pick(['h2c', 'TLS/1.0', 'foo'])}\r\n` +
    `Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n${body}`
  );
}

// What a client says later.

function framesCase(random: Random): Case {
  const deflate = random.oneIn(4);
  const frames = mutateFrames(
    validFrames(random, { masked: true, deflate }, random.below(5)),
    random,
    random.pick([0, 0, 1, 1, 2, 4]),
  );
  const early = random.oneIn(6);
  const steps: Step[] = [{ do: 'bytes', text: validHandshake(random, deflate) }];
  if (!early) steps.push({ do: 'answer' });
  if (random.oneIn(3)) steps.push({ do: 'behave' });
  return {
    kind: 'frames',
    over: carrier(random),
    client: [...steps, ...frameSteps(frames, random), ...endOfFrames(random, true)],
    upstream: null,
  };
}

function validHandshake(random: Random, deflate: boolean): string {
  return [
    `GET ${random.pick(PATHS)} HTTP/1.1`,
    'Host: gateway.test',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    ...(deflate ? ['Sec-WebSocket-Extensions: permessage-deflate'] : []),
    ...(random.oneIn(4) ? ['Sec-WebSocket-Protocol: chat'] : []),
    'X-Fuzz-Case: {case}',
    '\r\n',
  ].join('\r\n');
}

function endOfFrames(random: Random, masked: boolean): Step[] {
  const close: Step = { do: 'frame', frame: closeFrameOf(random, masked) };
  return random.weighted<() => Step[]>([
    [6, () => [close, { do: 'behave' }]],
    [3, () => [{ do: 'behave' }, { do: 'close' }]],
    [1, () => [close, { do: 'turn' }, { do: 'end' }]],
    [1, () => [close, ...frameSteps(validFrames(random, { masked, deflate: false }, 1), random)]],
    [1, () => [{ do: 'bytes', text: random.bytes(random.between(1, 30)) }]],
    [1, () => [{ do: 'turn' }, { do: 'end' }]],
    [1, () => [{ do: 'end' }]],
    [1, () => [{ do: 'reset' }]],
    [1, () => [{ do: 'turn' }, { do: 'pause' }, { do: 'wait', ms: 300 }, { do: 'resume' }]],
    [1, () => []],
  ])();
}

// What an upstream says.

function upstreamCase(random: Random): Case {
  const deflate = random.oneIn(3);
  const direction = { masked: true, deflate: false };
  const client: Step[] = [
    { do: 'bytes', text: validHandshake(random, deflate) },
    { do: 'answer' },
    { do: 'behave' },
    ...frameSteps(validFrames(random, direction, random.below(3)), random),
  ];
  if (random.oneIn(2)) client.push({ do: 'close' });
  return { kind: 'upstream', over: carrier(random), client, upstream: upstreamSteps(random, deflate) };
}

function upstreamSteps(random: Random, deflate: boolean): Step[] {
  const before = random.weighted<Step[]>([
    [20, []],
    [2, pieces(random)],
    [1, [{ do: 'wait', ms: random.pick([50, 300, 1_200]) }]],
    [1, [{ do: 'reset' }]],
    [1, [{ do: 'end' }]],
  ]);
  const answer = random.weighted<() => Step[]>([
    [5, () => accepted(random, deflate)],
    [2, () => inParts(mutateText(acceptance(random, deflate), random, random.between(1, 3)), random)],
    [3, () => inParts(mutateText(refusal(random), random, random.pick([0, 0, 1, 2])), random)],
    [1, () => [{ do: 'bytes', text: random.bytes(random.below(60)) }, { do: 'turn' }, { do: 'end' }]],
  ])();
  return [...before, ...answer];
}

function accepted(random: Random, deflate: boolean): Step[] {
  const direction: Direction = { masked: false, deflate };
  const frames = mutateFrames(
    validFrames(random, direction, random.below(5)),
    random,
    random.pick([0, 0, 1, 1, 2, 4]),
  );
  const steps: Step[] = inParts(acceptance(random, deflate), random);
  if (random.oneIn(2)) steps.push({ do: 'behave' });
  return [...steps, ...frameSteps(frames, random), ...endOfFrames(random, false)];
}

function acceptance(random: Random, deflate: boolean): string {
  return [
    ...(random.oneIn(8) ? ['HTTP/1.1 103 Early Hints', 'Link: </a>', ''] : []),
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Accept: {accept}',
    ...(deflate ? ['Sec-WebSocket-Extensions: permessage-deflate'] : []),
    '\r\n',
  ].join('\r\n');
}

const BODIES = [
  '',
  'Content-Length: 5\r\n\r\nhello',
  'Content-Length: 5\r\n\r\nhello, world',
  'Content-Length: 50\r\n\r\nshort',
  'Content-Length: 0\r\n\r\n',
  'Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
  '\r\nuntil the end',
  'Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nTrailer: x\r\n\r\n',
  'Transfer-Encoding: chunked\r\n\r\n5\r\nhel',
  'Transfer-Encoding: chunked\r\n\r\n5\r\nhello7\r\n0\r\n\r\n',
  `Content-Length: 100000\r\n\r\n${'y'.repeat(100_000)}`,
] as const;

function refusal(random: Random): string {
  const status = random.pick([
    '200 OK',
    '401 No',
    '403',
    '404 ',
    '426 Upgrade Required',
    '429 x',
    '500 E',
    '503 S',
    '204 N',
    '304 N',
    '301 M',
    '100 Continue',
    '199 x',
    '600 x',
  ]);
  const headers = random.oneIn(3)
    ? 'Retry-After: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: close\r\n'
    : '';
  const body = random.pick(BODIES);
  return `HTTP/1.${random.oneIn(8) ? 0 : 1} ${status}\r\n${headers}${body === '' ? '\r\n' : body}`;
}
