import { OPCODE } from '../test/support/build-frames.ts';
import { isControl } from '../test/support/frame-rules.ts';
import { type ParsedFrame, parseFrames, readClose } from '../test/support/parse-frames.ts';
import type { Case } from './case.ts';
import { type Fault, fault } from './fault.ts';
import { SMALL_MESSAGE_BYTES } from './gateway-config.ts';
import { afterHead } from './http-answers.ts';
import { isAcceptance, requestOf } from './judge-request.ts';
import type { SideRecord } from './peer.ts';

/** What the gateway sent after the upstream's 101; bytes before it must not be. */
export function framesFromGateway(upstream: SideRecord): Buffer {
  return requestOf(upstream)?.rest ?? Buffer.alloc(0);
}

/** All that the gateway sends are frames that RFC 6455 allows, and nothing after a close. */
export function judgeFramesTo(
  side: SideRecord,
  bytes: Buffer,
  masked: boolean,
  deflate: boolean,
): Fault | null {
  if (masked && bytes.length > 0 && !isAcceptance(side))
    return fault('bytes to an upstream that accepted nothing');
  const { violation, close, completeBytes } = parseFrames(bytes, { masked, deflate });
  const to = masked ? 'the upstream' : 'the client';
  if (violation !== null) return fault(`invalid frame to ${to}`, violation.kind);
  if (close !== null && completeBytes < bytes.length) return fault(`bytes behind a close to ${to}`);
  return null;
}

/** What one side gets is what the other one sent, in order, but for what the gateway put in or took out. */
export function judgeForwarding(
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
  // The fragments of a message add up, and one that becomes too big is a violation of its own.
  const bytes = frames.reduce((sum, { payload }) => sum + payload.length, 0);
  const isBig = bytes > SMALL_MESSAGE_BYTES / 2;
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
