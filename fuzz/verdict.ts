import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { OPCODE } from '../test/support/build-frames.ts';
import { isControl } from '../test/support/frame-rules.ts';
import { type ParsedFrame, parseFrames, readClose } from '../test/support/parse-frames.ts';
import type { Case } from './case.ts';
import { READ_TIMEOUT_MS, SMALL_MESSAGE_BYTES } from './gateway-config.ts';
import { afterHead, readAnswers, readFields, valuesOf } from './http-answers.ts';
import type { SideRecord } from './peer.ts';

const LISTENS_ON_MS = 700;
const SLOW_TLS_MS = 0.75 * READ_TIMEOUT_MS;

/** What happened in a case, on both sides of the gateway. */
export interface Played {
  readonly client: SideRecord;
  /** One for each connection that the gateway opened for it. */
  readonly upstreams: readonly SideRecord[];
  /** Whether the gateway ended the client's connection in time. */
  readonly over: boolean;
}

/** Something that must not happen, and did. */
export interface Fault {
  /** A short name; the same for faults that are probably the same. */
  readonly name: string;
  readonly detail: string;
}

const fault = (name: string, detail = ''): Fault => ({ name, detail });

/** Judges a case by what its two ends saw; `null` when all is well. */
export function judge(played: Case, seen: Played): Fault | null {
  if (!seen.over) return fault('hang', 'the gateway did not end the connection in time');
  for (const upstream of seen.upstreams) {
    const wrong = judgeRequest(upstream) ?? judgeFramesTo(upstream, framesFromGateway(upstream), true, true);
    if (wrong !== null) return wrong;
  }
  return judgeClient(played, seen);
}

// What the client sees.

function judgeClient(played: Case, { client, upstreams }: Played): Fault | null {
  if (played.over === 'no-tls') return null;
  const said = client.sent.toString('latin1');
  const { answers, fault: malformed, cut, frames } = readAnswers(client.received, /HEAD/i.test(said));
  if (malformed !== null) return fault('malformed answer', malformed);
  const last = answers.at(-1);
  const upstreamSpoke = upstreams.some((upstream) => upstream.sent.length > 0);
  const mayBeCut = client.left !== null || (played.upstream !== null && upstreamSpoke);
  if ((cut || last?.whole === false) && !mayBeCut) return fault('answer cut short', `${last?.status}`);
  if (answers.some(({ status }) => status === 500) && !upstreamSpoke) return fault('answered 500');
  // What does not begin with a PROXY header gets no answer.
  if (last === undefined && played.over === 'proxy') return null;
  if (last === undefined) return client.left === null ? judgeSilence(played, client) : null;
  if (frames === null) return null;
  const deflate = valuesOf(last.headers, 'sec-websocket-extensions').length > 0;
  return (
    judgeAcceptance(played, client, last.headers, upstreams) ??
    judgeFramesTo(client, frames, false, deflate) ??
    judgeForwarding(played, client, frames, upstreams, deflate)
  );
}

/** Whoever said something and stays is answered. */
function judgeSilence(played: Case, { sent, ended, spokeForMs, livedMs, writes }: SideRecord): Fault | null {
  if (sent.length === 0) return null;
  // Node ends what looks like the preface of HTTP/2 without asking anybody.
  if (sent.toString('latin1', 0, 4) === 'PRI ') return null;
  // TLS that is not up in time ends without an answer.
  if (played.over === 'tls' && livedMs > SLOW_TLS_MS) return null;
  // The gateway listens on for a second; whoever speaks longer may be cut off before it reads the answer.
  if (ended === 'reset' && spokeForMs > LISTENS_ON_MS) return null;
  return fault(
    `no answer, but ${ended === 'reset' ? 'a reset' : 'an end'}`,
    `${sent.length} bytes were said in ${writes} writes and ${Math.round(spokeForMs)} ms, it came after ${Math.round(livedMs)} ms`,
  );
}

function judgeAcceptance(
  played: Case,
  client: SideRecord,
  headers: readonly (readonly [string, string])[],
  upstreams: readonly SideRecord[],
): Fault | null {
  if (played.kind === 'handshake') return null;
  // A damaged handshake may have lost what tells which of the upstream's connections belongs to it.
  if (upstreams.length > 0 && !upstreams.some(isAcceptance))
    return fault('101 without a 101 of the upstream');
  const key = keyOf(client.sent.toString('latin1'));
  const accepts = valuesOf(headers, 'sec-websocket-accept').join();
  return accepts === acceptFor(key) ? null : fault('wrong Sec-WebSocket-Accept', accepts);
}

/** The first `Sec-WebSocket-Key` in it. */
export const keyOf = (text: string): string => /^Sec-WebSocket-Key:(.*)$/im.exec(text)?.[1]?.trim() ?? '';

/** `Sec-WebSocket-Accept` for a key (RFC 6455 §4.2.2). */
export const acceptFor = (key: string): string =>
  createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

// What an upstream sees.

function requestOf({ received }: SideRecord): { head: string; rest: Buffer } | null {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return null;
  return { head: received.toString('latin1', 0, end), rest: received.subarray(end + 4) };
}

/** The gateway's request is an opening handshake to the letter (RFC 6455 §4.1), whatever the client said. */
function judgeRequest(upstream: SideRecord): Fault | null {
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

/** What the gateway sent after the upstream's 101; bytes before it must not be. */
function framesFromGateway(upstream: SideRecord): Buffer {
  return requestOf(upstream)?.rest ?? Buffer.alloc(0);
}

/** Whether an upstream said a valid 101, read apart from the gateway's own reading. */
function isAcceptance({ sent, received }: SideRecord): boolean {
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

// What passes between them.

/** All that the gateway sends are frames that RFC 6455 allows, and nothing after a close. */
function judgeFramesTo(side: SideRecord, bytes: Buffer, masked: boolean, deflate: boolean): Fault | null {
  if (masked && bytes.length > 0 && !isAcceptance(side))
    return fault('bytes to an upstream that accepted nothing');
  const { violation, close, completeBytes } = parseFrames(bytes, { masked, deflate });
  const to = masked ? 'the upstream' : 'the client';
  if (violation !== null) return fault(`invalid frame to ${to}`, violation.kind);
  if (close !== null && completeBytes < bytes.length) return fault(`bytes behind a close to ${to}`);
  return null;
}

/** What one side gets is what the other one sent, in order, but for what the gateway put in or took out. */
function judgeForwarding(
  played: Case,
  client: SideRecord,
  toClient: Buffer,
  upstreams: readonly SideRecord[],
  deflate: boolean,
): Fault | null {
  const [upstream] = upstreams;
  if (played.kind === 'handshake' || played.over === 'proxy') return null;
  if (upstream === undefined || upstreams.length > 1) return null;
  const clientStart = afterHead(client.sent);
  const upstreamStart = afterHead(upstream.sent);
  if (clientStart === null || upstreamStart === null) return null;
  const fromClient = parseFrames(client.sent.subarray(clientStart), { masked: true, deflate });
  const fromUpstream = parseFrames(upstream.sent.subarray(upstreamStart), { masked: false, deflate });
  const atUpstream = parseFrames(framesFromGateway(upstream), { masked: true, deflate });
  const atClient = parseFrames(toClient, { masked: false, deflate });
  return (
    compare('to the upstream', fromClient.frames, atUpstream.frames, atClient.frames) ??
    compare('to the client', fromUpstream.frames, atClient.frames, atUpstream.frames) ??
    judgeViolation(played, client, fromClient, atClient.frames)
  );
}

function compare(
  way: string,
  sent: readonly ParsedFrame[],
  got: readonly ParsedFrame[],
  gotBack: readonly ParsedFrame[],
): Fault | null {
  let next = 0;
  for (const [index, frame] of got.entries()) {
    let at = next;
    // A pong to the gateway's own ping is taken out.
    for (let skipped = sent[at]; skipped !== undefined; skipped = sent[++at]) {
      if (isSame(frame, skipped) || !answersOwnPing(skipped, gotBack)) break;
    }
    const candidate = sent[at];
    if (candidate !== undefined && isSame(frame, candidate)) {
      next = at + 1;
      continue;
    }
    if (frame.opcode === OPCODE.ping && frame.payload.length === 8) continue;
    if (frame.opcode === OPCODE.close && index === got.length - 1) continue;
    const all = (frames: readonly ParsedFrame[]) => frames.map(describe).join('; ');
    const detail = `sent: ${all(sent)}\ngot: ${all(got)}\ngot back: ${all(gotBack)}`;
    return fault(`frame not as it was sent ${way}`, detail);
  }
  return null;
}

const answersOwnPing = (frame: ParsedFrame, got: readonly ParsedFrame[]): boolean =>
  frame.opcode === OPCODE.pong &&
  got.some((each) => each.opcode === OPCODE.ping && each.payload.equals(frame.payload));

const isSame = (a: ParsedFrame, b: ParsedFrame): boolean =>
  a.opcode === b.opcode && a.fin === b.fin && a.rsv1 === b.rsv1 && a.payload.equals(b.payload);

const describe = ({ opcode, fin, payload }: ParsedFrame): string =>
  `${opcode}${fin ? '' : '…'} ${payload.length} ${payload.toString('hex', 0, 8)}`;

/** Who breaks the protocol towards an upstream that behaves is told with what code it was broken. */
function judgeViolation(
  { kind, client: steps }: Case,
  client: SideRecord,
  { violation, frames }: ReturnType<typeof parseFrames>,
  got: readonly ParsedFrame[],
): Fault | null {
  const controls = frames.filter(({ opcode, payload }) => isControl(opcode) || payload.length === 0).length;
  const isBig = frames.some(({ payload }) => payload.length > SMALL_MESSAGE_BYTES / 8);
  const isSlow = steps.some((step) => step.do === 'wait' || step.do === 'pause' || step.do === 'pieces');
  if (kind !== 'frames' || violation === null || client.left !== null) return null;
  if (controls > 20 || isBig || isSlow) return null;
  const close = got.at(-1);
  if (close?.opcode !== OPCODE.close)
    return fault('a violation was not answered with a close', violation.kind);
  const { code } = readClose(close.payload);
  return code === violation.code
    ? null
    : fault('wrong code for a violation', `${code} for ${violation.kind}`);
}
