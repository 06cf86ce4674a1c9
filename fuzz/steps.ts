import type { Case, Step } from './case.ts';
import { closeFrameOf, frameSteps, validFrames } from './frame-mutations.ts';
import { PATHS } from './gateway-config.ts';
import type { Random } from './random.ts';

export const carrier = (random: Random): Case['over'] =>
  random.weighted([
    [11, 'tcp'],
    [1, 'tls'],
  ]);

export const pieces = (random: Random): Step[] => [{ do: 'pieces', size: random.pick([1, 2, 5, 60, 500]) }];

/** The text, whole or with a pause somewhere. */
export function inParts(text: string, random: Random): Step[] {
  if (!random.oneIn(3)) return [{ do: 'bytes', text }];
  const cut = random.below(text.length + 1);
  const pause: Step = random.oneIn(15) ? { do: 'wait', ms: random.pick([100, 700, 1_500]) } : { do: 'turn' };
  return [{ do: 'bytes', text: text.slice(0, cut) }, pause, { do: 'bytes', text: text.slice(cut) }];
}

/** A handshake with which nothing is wrong. */
export function validHandshake(random: Random, deflate: boolean): string {
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

/** How a sequence of frames may end. */
export function endOfFrames(random: Random, masked: boolean): Step[] {
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
