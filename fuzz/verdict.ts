import type { Case } from './case.ts';
import { type Fault, fault } from './fault.ts';
import { READ_TIMEOUT_MS } from './gateway-config.ts';
import { readAnswers, valuesOf } from './http-answers.ts';
import { framesFromGateway, judgeForwarding, judgeFramesTo } from './judge-frames.ts';
import { acceptFor, isAcceptance, judgeRequest, keyOf } from './judge-request.ts';
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
  // The gateway listens on for a second; whoever speaks longer, or does not read, may be cut off before it has the answer.
  const pauses = played.client.some((step) => step.do === 'pause');
  if (ended === 'reset' && (pauses || spokeForMs > LISTENS_ON_MS)) return null;
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
