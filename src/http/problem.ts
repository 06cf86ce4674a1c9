import { STATUS_CODES } from 'node:http';
import type { Answer } from './exchange.ts';

/** An error as the client is to see it. Never put an upstream's address or a plugin's error into it. */
export interface ProblemFacts {
  readonly status: number;
  /** One sentence on what is wrong with this request. */
  readonly detail: string;
  readonly requestId: string;
  readonly headers?: Iterable<readonly [string, string]>;
  /** For the operator's log. Default: `detail`. */
  readonly reason?: string;
  /** For the operator's log. */
  readonly error?: Error;
}

/** An answer of `application/problem+json` (RFC 9457). */
export function problem({ status, detail, requestId, headers = [], reason, error }: ProblemFacts): Answer {
  const title = STATUS_CODES[status] ?? 'Error';
  return {
    status,
    headers: [...headers, ['Content-Type', 'application/problem+json'], ['Cache-Control', 'no-store']],
    body: JSON.stringify({ type: 'about:blank', title, status, detail, requestId }),
    reason: reason ?? detail,
    ...(error === undefined ? {} : { error }),
  };
}
