import { type ErrorCode, WsfwError } from '../base/errors.ts';

/** How far an attempt has come. */
export type DialStage = 'connect' | 'tls' | 'answer';

// This machine's own shortages: no descriptors, no ports, no buffers. The upstream has nothing to do with them.
// EBUSY is what a look-up ends with that gets no descriptor.
const SHORTAGES = new Set(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'EAGAIN', 'EBUSY', 'ENOBUFS', 'ENOMEM']);

const TIMEOUTS = {
  connect: 'did not take the connection in time',
  tls: 'did not finish its TLS handshake in time',
  answer: 'did not answer the handshake in time',
} as const;

/** What a socket's error means for the attempt. */
export function dialError(endpoint: string, stage: DialStage, cause: Error): WsfwError {
  if (cause instanceof WsfwError)
    return new WsfwError(cause.code, `${endpoint}: ${cause.message}`, { cause });
  const code = codeFor(stage, cause);
  return new WsfwError(code, `${endpoint}: ${cause.message || firstCodes(cause)}`, { cause });
}

/** The upstream ended the connection without an error. */
export function dialEnded(endpoint: string, stage: DialStage): WsfwError {
  const code = stage === 'tls' ? 'WSFW_UPSTREAM_TLS' : 'WSFW_UPSTREAM_UNREACHABLE';
  return new WsfwError(code, `${endpoint}: ended the connection before its answer was complete`);
}

/** A deadline passed. */
export function dialTimeout(endpoint: string, stage: DialStage, code: ErrorCode): WsfwError {
  return new WsfwError(code, `${endpoint}: ${TIMEOUTS[stage]}`);
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
