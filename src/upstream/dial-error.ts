import { type ErrorCode, WsfwError } from '../base/errors.ts';

/** How far an attempt has come: `answer` waits for one, of which some has come in `begun`. */
export type DialStage = 'connect' | 'tls' | 'answer' | 'begun';

/** An endpoint that could not be dialed. */
export class DialError extends WsfwError {
  /** Whether it failed before the upstream said anything, so that another may be asked in its place. */
  readonly beforeAnswer: boolean;

  constructor(code: ErrorCode, message: string, stage: DialStage, options?: ErrorOptions) {
    super(code, message, options);
    this.beforeAnswer = stage !== 'begun';
  }
}

// This machine's own shortages: no descriptors, no ports, no buffers. The upstream has nothing to do with them.
// EBUSY is what a look-up ends with that gets no descriptor.
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'EAGAIN', 'EBUSY', 'ENOBUFS', 'ENOMEM']);

const TIMEOUTS = {
  connect: 'did not take the connection in time',
  tls: 'did not finish its TLS handshake in time',
  answer: 'did not answer the handshake in time',
  begun: 'did not finish its answer in time',
} as const;

/** What a socket's error means for the attempt. */
export function dialError(endpoint: string, stage: DialStage, cause: Error): DialError {
  if (cause instanceof WsfwError)
    return new DialError(cause.code, `${endpoint}: ${cause.message}`, stage, { cause });
  const code = codeFor(stage, cause);
  return new DialError(code, `${endpoint}: ${cause.message || firstCodes(cause)}`, stage, { cause });
}

/** The upstream ended the connection without an error. */
export function dialEnded(endpoint: string, stage: DialStage): DialError {
  const code = stage === 'tls' ? 'WSFW_UPSTREAM_TLS' : 'WSFW_UPSTREAM_UNREACHABLE';
  return new DialError(code, `${endpoint}: ended the connection before its answer was complete`, stage);
}

/** A deadline passed. */
export function dialTimeout(endpoint: string, stage: DialStage, code: ErrorCode): DialError {
  return new DialError(code, `${endpoint}: ${TIMEOUTS[stage]}`, stage);
}

function codeFor(stage: DialStage, cause: Error): ErrorCode {
  // A name with several addresses fails with one error each. An IPv6 address on a machine without IPv6 looks like a
  // shortage of ports, so only an attempt that failed by shortages alone did so for want of something.
  if (errorsIn(cause).every((error) => SHORTAGES.has(codeOf(error)))) return 'WSFW_OVERLOADED';
  if (stage === 'tls') return 'WSFW_UPSTREAM_TLS';
  // With TLS 1.3 a refused client certificate is told after the handshake.
  return codeOf(cause).startsWith('ERR_SSL') ? 'WSFW_UPSTREAM_TLS' : 'WSFW_UPSTREAM_UNREACHABLE';
}

const errorsIn = (cause: Error): readonly unknown[] =>
  cause instanceof AggregateError ? cause.errors : [cause];

const firstCodes = (cause: Error): string => errorsIn(cause).map(codeOf).join(', ');

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
