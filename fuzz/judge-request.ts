import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { type Fault, fault } from './fault.ts';
import { afterHead, readFields, valuesOf } from './http-answers.ts';
import type { SideRecord } from './peer.ts';

/** What the gateway sent to an upstream: the head of its request, and what followed. */
export function requestOf({ received }: SideRecord): { head: string; rest: Buffer } | null {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return null;
  return { head: received.toString('latin1', 0, end), rest: received.subarray(end + 4) };
}

/** The gateway's request is an opening handshake to the letter (RFC 6455 §4.1), whatever the client said. */
export function judgeRequest(upstream: SideRecord): Fault | null {
  const request = requestOf(upstream);
  if (request === null) return null;
  const [requestLine = '', ...lines] = request.head.split('\r\n');
  const headers = readFields(lines.join('\r\n'));
  if (typeof headers === 'string') return fault('malformed request to the upstream', headers);
  const target = /^GET (\/[\x21-\x7e\x80-\xff]*) HTTP\/1\.1$/.exec(requestLine)?.[1];
  if (target === undefined) return fault('malformed request to the upstream', requestLine);
  const wrong = wrongField(headers) ?? wrongTarget(target);
  return wrong === null ? null : fault('wrong request to the upstream', wrong);
}

const FIXED_FIELDS = { upgrade: 'websocket', connection: 'Upgrade', 'sec-websocket-version': '13' } as const;
const NEVER = [
  'transfer-encoding',
  'content-length',
  'te',
  'trailer',
  'keep-alive',
  'proxy-connection',
  'expect',
  'http2-settings',
  'x-wsfw-secret',
  'sec-websocket-accept',
];

function wrongField(headers: readonly (readonly [string, string])[]): string | null {
  for (const [name, value] of Object.entries(FIXED_FIELDS)) {
    if (valuesOf(headers, name).join('|') !== value) return `${name}: ${valuesOf(headers, name).join('|')}`;
  }
  for (const name of ['host', 'sec-websocket-key', 'x-forwarded-for']) {
    if (valuesOf(headers, name).length !== 1) return `${valuesOf(headers, name).length} of ${name}`;
  }
  for (const name of ['sec-websocket-protocol', 'sec-websocket-extensions', 'x-request-id']) {
    if (valuesOf(headers, name).length > 1) return `${valuesOf(headers, name).length} of ${name}`;
  }
  const extensions = valuesOf(headers, 'sec-websocket-extensions').join();
  if (
    /(?:^|,)\s*(?!permessage-deflate)[^\s,;"]+\s*(?:[;,]|$)/.test(
      extensions.replace(/"(?:[^"\\]|\\.)*"/g, 'quoted'),
    )
  )
    return `sec-websocket-extensions: ${extensions}`;
  return NEVER.find((name) => valuesOf(headers, name).length > 0) ?? null;
}

/** Whatever the client asked for stays below the path of the endpoint. */
function wrongTarget(target: string): string | null {
  const path = target.split('?')[0] ?? '';
  if (path === '/ws' || path === '/small' || path === '/wss') return null;
  const decoded = path.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const normal = posix.normalize(decoded.replaceAll('\\', '/'));
  const room = normal.startsWith('/rooms/') && target.includes('?fixed=1');
  return normal.startsWith('/base/') || room ? null : `target ${target}`;
}

/** Whether an upstream said a valid 101, read apart from the gateway's own reading. */
export function isAcceptance({ sent, received }: SideRecord): boolean {
  const end = afterHead(sent);
  if (end === null) return false;
  const head =
    sent
      .toString('latin1', 0, end - 4)
      .split('\r\n\r\n')
      .at(-1) ?? '';
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = readFields(lines.join('\r\n'));
  if (!/^HTTP\/1\.1 101(?: |$)/.test(statusLine) || typeof headers === 'string') return false;
  const key = keyOf(received.toString('latin1'));
  const names = (name: string, token: string) =>
    valuesOf(headers, name).some((value) =>
      value
        .toLowerCase()
        .split(/[\s,]+/)
        .includes(token),
    );
  return (
    valuesOf(headers, 'sec-websocket-accept').join('|') === acceptFor(key) &&
    names('upgrade', 'websocket') &&
    names('connection', 'upgrade')
  );
}

/** The first `Sec-WebSocket-Key` in it. */
export const keyOf = (text: string): string => /^Sec-WebSocket-Key:(.*)$/im.exec(text)?.[1]?.trim() ?? '';

/** `Sec-WebSocket-Accept` for a key (RFC 6455 §4.2.2). */
export const acceptFor = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
