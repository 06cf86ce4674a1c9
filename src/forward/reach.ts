import type { Clock } from '../base/clock.ts';
import { type ErrorCode, WsfwError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Dial, DialOutcome } from '../upstream/dial.ts';
import { DialError } from '../upstream/dial-error.ts';
import type { Lease, Member } from '../upstream/pool/member.ts';
import type { Asking } from './asking.ts';
import { dialRequest } from './dial-request.ts';
import type { Fleet } from './fleet.ts';

/** An endpoint, and what it made of the handshake. Whoever gets it releases the lease. */
export interface Reached {
  readonly lease: Lease;
  readonly outcome: DialOutcome;
}

export interface ReachParts {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** With these an upstream, or a proxy before it, says that it cannot serve just now: another endpoint may. */
export const UNAVAILABLE: ReadonlySet<number> = new Set([502, 503, 504]);

/** The endpoint's own failures. */
const BLAMED: ReadonlySet<ErrorCode> = new Set([
  'WSFW_UPSTREAM_UNREACHABLE',
  'WSFW_UPSTREAM_TLS',
  'WSFW_UPSTREAM_INVALID',
  'WSFW_UPSTREAM_CONNECT_TIMEOUT',
  'WSFW_UPSTREAM_HANDSHAKE_TIMEOUT',
]);

/** How one endpoint failed. */
interface Failure {
  readonly error: Error;
  /** Its own answer, if it gave one. */
  readonly outcome: Extract<DialOutcome, { kind: 'answer' }> | null;
  /** Whether another endpoint may be asked: the handshake has not been answered. */
  readonly elsewhere: boolean;
}

/**
 * Selects an endpoint and dials it; if it fails before it has answered, or says that it is unavailable, another, as
 * often as `retries` says and all of it within `handshakeTimeout`. No endpoint is asked twice: what refused a moment ago
 * would refuse again.
 * @throws WsfwError what the last endpoint failed with, or `WSFW_NO_ENDPOINT` when there was none to begin with.
 */
export async function reach(
  asking: Asking,
  fleet: Fleet,
  { dial, clock, logger }: ReachParts,
): Promise<Reached> {
  const { pool, prepared } = fleet;
  const deadlineMs = clock.now() + prepared.options.handshakeTimeoutMs;
  if (fleet.isBeginning) await fleet.known(deadlineMs);
  const { key } = asking;
  let lease = pool.select(key);
  if (lease === null)
    throw new WsfwError('WSFW_NO_ENDPOINT', `no endpoint can take the connection: ${pool.shortage()}`);

  const tried: Member[] = [];
  for (let retries = prepared.retries; ; retries--) {
    const result = await attempt(asking, lease, fleet, dial, deadlineMs);
    if (!('error' in result)) {
      pool.succeeded(lease);
      return { lease, outcome: result };
    }
    const { error, outcome, elsewhere } = result;
    if (outcome !== null || (error instanceof WsfwError && BLAMED.has(error.code))) pool.failed(lease, error);
    tried.push(lease.member);
    const mayRetry = retries > 0 && elsewhere && clock.now() < deadlineMs;
    const next: Lease | null = mayRetry ? pool.select(key, tried) : null;
    if (next === null && outcome !== null) return { lease, outcome };
    lease.release();
    if (next === null) throw error;
    outcome?.body.destroy();
    logger.debug({ endpoint: next.member.name, err: error }, 'asking another endpoint');
    lease = next;
  }
}

async function attempt(
  asking: Asking,
  { member }: Lease,
  { prepared }: Fleet,
  dial: Dial,
  deadlineMs: number,
): Promise<DialOutcome | Failure> {
  try {
    const outcome = await dial(dialRequest(asking, member.place, prepared, deadlineMs));
    if (outcome.kind === 'accepted' || !UNAVAILABLE.has(outcome.status)) return outcome;
    const error = new Error(`${member.name}: answered ${outcome.status}`);
    return { error, outcome, elsewhere: true };
  } catch (thrown) {
    const error = thrown as Error;
    return { error, outcome: null, elsewhere: error instanceof DialError && mayGoElsewhere(error) };
  }
}

// A connection or TLS failure, or an end before any byte of the answer. What is malformed is an answer too.
const mayGoElsewhere = ({ code, beforeAnswer }: DialError): boolean =>
  beforeAnswer && code !== 'WSFW_OVERLOADED' && code !== 'WSFW_UPSTREAM_INVALID';
