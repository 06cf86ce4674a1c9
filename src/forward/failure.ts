import { type ErrorCode, WsfwError } from '../base/errors.ts';
import type { Answer } from '../http/exchange.ts';
import { problem } from '../http/problem.ts';

/** When a client may try again that found the gateway short of something. */
const RETRY_AFTER_SECONDS = '1';

/** What clients are told. Never an address, never an error's own words, but where the request itself is at fault. */
const DETAILS: Partial<Record<ErrorCode, string>> = {
  WSFW_OVERLOADED: 'no connection can be forwarded at the moment',
  WSFW_NO_ENDPOINT: 'no upstream can take the connection at the moment',
  WSFW_DRAINING: 'the gateway is shutting down',
  WSFW_UPSTREAM_UNREACHABLE: 'the upstream cannot be reached',
  WSFW_UPSTREAM_TLS: 'the upstream cannot be reached securely',
  WSFW_UPSTREAM_INVALID: 'the upstream did not answer with a valid handshake',
  WSFW_UPSTREAM_CONNECT_TIMEOUT: 'the upstream did not take the connection in time',
  WSFW_UPSTREAM_HANDSHAKE_TIMEOUT: 'the upstream did not answer in time',
  WSFW_BAD_TARGET: 'the path has a segment that cannot be forwarded',
};

/** The answer to a handshake that failed with `error`. */
export function failureAnswer(error: Error, requestId: string): Answer {
  const code = error instanceof WsfwError ? error.code : null;
  const status = (error instanceof WsfwError ? error.status : null) ?? 500;
  return problem({
    status,
    detail: (code === null ? undefined : DETAILS[code]) ?? 'the gateway could not forward the request',
    requestId,
    headers: status === 503 ? [['Retry-After', RETRY_AFTER_SECONDS]] : [],
    reason: error.message,
    error,
  });
}
