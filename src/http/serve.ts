import type { Clock } from '../base/clock.ts';
import { ERRORS, WsfwError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { Answer } from './exchange.ts';
import type { ExchangeBase } from './exchange-base.ts';
import { HANDLE_TIMEOUT_MS, RETRY_AFTER_SECONDS } from './limits.ts';
import { problem } from './problem.ts';
import type { RouteMatch } from './site.ts';

/**
 * Runs a route's middlewares and action, and sees to it that the request is answered whatever they do: throw, reject,
 * forget to answer, or never come back. Never rejects.
 */
export async function serve(
  exchange: ExchangeBase,
  match: RouteMatch,
  clock: Clock,
  logger: Logger,
): Promise<void> {
  const cancel = clock.after(HANDLE_TIMEOUT_MS, () => void conclude(exchange, 'late', logger));
  let failure: Error | null = null;
  try {
    await match.handle(exchange);
  } catch (thrown) {
    failure = asError(thrown);
    report(failure, exchange, logger);
  }
  cancel();
  if (!exchange.answered) await conclude(exchange, failure, logger);
}

/** Nobody else will answer any more, unless somebody has. Never rejects. */
async function conclude(
  exchange: ExchangeBase,
  outcome: Error | 'late' | null,
  logger: Logger,
): Promise<void> {
  if (exchange.answered) return;
  if (exchange.left) {
    exchange.abandon();
    return;
  }
  try {
    await exchange.respondForSure(
      outcome instanceof Error ? answerTo(outcome, exchange.id) : unanswered(exchange, outcome, logger),
    );
  } catch (error) {
    logger.error({ id: exchange.id, err: error }, 'a request could not be answered');
    exchange.abandon();
  }
}

function report(error: Error, { id, route, left, answered }: ExchangeBase, logger: Logger): void {
  if (left || (error instanceof WsfwError && isForClient(error))) return;
  const fields = { id, route: route.pattern, err: error };
  logger.error(fields, answered ? 'a plugin threw after the answer' : 'a plugin threw; answered 500');
}

/** What a plugin threw may be anything, even an error that throws when it is looked at. */
function asError(thrown: unknown): Error {
  try {
    return thrown instanceof Error && typeof thrown.message === 'string' ? thrown : new Error(String(thrown));
  } catch {
    return new Error('a plugin threw something that cannot be shown');
  }
}

const isForClient = ({ status, code }: WsfwError): boolean =>
  (status !== null && status !== 500) || code === 'WSFW_CLIENT_LEFT';

function answerTo(error: Error, requestId: string): Answer {
  if (!(error instanceof WsfwError) || error.status === null || error.status === 500) {
    const facts = { status: 500, detail: 'an internal error', requestId, error };
    return problem({ ...facts, reason: `a plugin threw: ${error.message}` });
  }
  const { status, code } = error;
  const headers: [string, string][] = status === 503 ? [['Retry-After', RETRY_AFTER_SECONDS]] : [];
  return problem({ status, detail: ERRORS[code].what, requestId, headers, reason: error.message, error });
}

function unanswered({ id, route }: ExchangeBase, outcome: 'late' | null, logger: Logger): Answer {
  const reason =
    outcome === 'late'
      ? `nobody answered within ${HANDLE_TIMEOUT_MS} ms: a middleware or the action never came back`
      : 'nobody answered: a middleware returned without calling next() or waiting for it, or the action did nothing';
  logger.error({ id, route: route.pattern }, `${reason}; answered 500`);
  return problem({ status: 500, detail: 'an internal error', requestId: id, reason });
}
