import type { Case, Step } from './case.ts';
import { type Direction, frameSteps, mutateFrames, validFrames } from './frame-mutations.ts';
import type { Random } from './random.ts';
import { carrier, endOfFrames, inParts, pieces, validHandshake } from './steps.ts';
import { mutateText } from './text-mutations.ts';

/** A case about what an upstream says. */
export function upstreamCase(random: Random): Case {
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
