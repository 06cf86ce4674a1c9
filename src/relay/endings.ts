import { CAUSES, type Cause, type Ending } from '../base/causes.ts';
import type { CloseHow } from '../base/relay.ts';
import type { Side } from '../base/side.ts';

/** The side that a cause concerns, given which side would be the offender. */
export function concernedSide(cause: Cause, offender: Side): Side | null {
  const { side } = CAUSES[cause];
  return side === 'offender' ? offender : side;
}

/** The side that a caller's code and reason are for; `null` where they are not for one side. */
function toldSide(cause: Cause, offender: Side): Side | null {
  const concerned = concernedSide(cause, offender);
  return concerned !== null && CAUSES[cause][concerned] === 'gone' ? null : concerned;
}

/**
 * What one side is told: the table of causes, less what the caller wants otherwise. A code of the caller's is for the
 * side that the cause concerns, or for the client where it concerns none or has lost the upstream; a reason is for both then.
 */
export function endingFor(cause: Cause, offender: Side, to: Side, how: CloseHow): Ending {
  const facts = CAUSES[cause];
  const concerned = toldSide(cause, offender);
  const ending = facts.side === 'offender' && to === offender ? (facts.offender ?? facts[to]) : facts[to];
  if (typeof ending !== 'object') return ending;
  const takesReason = concerned === null || concerned === to;
  const takesCode = concerned === null ? to === 'client' : concerned === to;
  return {
    code: (takesCode ? how.code : undefined) ?? ending.code,
    reason: (takesReason ? how.reason : undefined) ?? ending.reason,
  };
}
