import type { Case, Step } from './case.ts';
import { frameSteps, mutateFrames, validFrames } from './frame-mutations.ts';
import { PATHS } from './gateway-config.ts';
import type { Random } from './random.ts';
import { carrier, inParts, pieces } from './steps.ts';
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

/** A case about what a client says first. */
export function handshakeCase(random: Random): Case {
  const first = random.weighted<() => string>([
    [6, () => handshake(random, random.pick([...PATHS, ...OTHER_TARGETS]))],
    [2, () => plainRequest(random)],
    [2, () => otherUpgrade(random)],
  ])();
  const text = mutateText(first, random, random.pick([0, 1, 1, 1, 2, 3, 6]));
  const steps: Step[] = [...(random.oneIn(4) ? pieces(random) : []), ...inParts(text, random)];
  if (random.oneIn(3)) steps.push(...behindIt(random));
  const over = random.weighted<Case['over']>([
    [1, 'no-tls'],
    [6, 'proxy'],
    [53, carrier(random)],
  ]);
  if (over === 'proxy') steps.unshift({ do: 'bytes', text: proxyHeader(random) });
  return {
    kind: 'handshake',
    over,
    client: [...steps, ...leaving(random)],
    upstream: null,
  };
}

const V2 = '\r\n\r\n\0\r\nQUIT\n';
const V2_HEADERS = [
  `${V2}\x21\x11\0\x0c\x01\x02\x03\x04\x7f\0\0\x01\x12\x34\0\x50`,
  `${V2}\x21\x21\0\x24${'\x20\x01'.repeat(16)}\x12\x34\0\x50`,
  `${V2}\x20\0\0\0`,
  `${V2}\x21\x11\0\x11\x01\x02\x03\x04\x7f\0\0\x01\x12\x34\0\x50\x04\0\x02ab`,
  `${V2}\x21\x11\xff\xff`,
] as const;
const V1_HEADERS = [
  'PROXY TCP4 1.2.3.4 127.0.0.1 4660 80\r\n',
  'PROXY TCP6 2001:db8::1 ::1 4660 80\r\n',
  'PROXY UNKNOWN\r\n',
] as const;

/** What a load balancer says first, or something like it. */
function proxyHeader(random: Random): string {
  if (random.oneIn(2)) return mutateText(random.pick(V1_HEADERS), random, random.below(2));
  const header = random.pick(V2_HEADERS);
  if (random.oneIn(2)) return header;
  const at = random.below(header.length);
  return header.slice(0, at) + random.bytes(1) + header.slice(at + random.below(2));
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
