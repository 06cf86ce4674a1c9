// Close codes of RFC 6455 §7.4.1 and the IANA registry, in words for whoever sees one for the first time.
const WORDS = {
  1000: 'Closed as agreed: somebody had said all there was to say.',
  1001: 'The other end went away.',
  1002: 'Something broke the WebSocket protocol.',
  1003: 'The other end cannot take this kind of data.',
  1005: 'Closed without a code.',
  1006: 'The connection broke off, or could not be made: no close frame arrived. Is the gateway running?',
  1007: 'A text message was not valid UTF-8.',
  1008: 'A limit or a rule was broken.',
  1009: 'A message was too big.',
  1011: 'Something failed behind the gateway.',
  1012: 'The gateway restarts or stops, and said so before it left.',
  1013: 'Too busy right now.',
  1014: 'The gateway got no good answer from the upstream.',
};

/** A close event in one sentence. */
export function explainClose(code, reason) {
  if (isInactive(code, reason))
    return 'Nobody said anything for a while, so the gateway let the connection go.';
  if (WORDS[code]) return WORDS[code];
  if (code >= 4000 && code < 5000) return 'Closed with a code of the application’s own.';
  return 'Closed with a code this page does not know.';
}

/** Whether the gateway ended the connection because nothing was said (`maxInactivity`). */
export function isInactive(code, reason) {
  return code === 1001 && reason.startsWith('no messages');
}

/** Whether to try again without being asked: not after a quiet end, an agreed one, or a broken rule. */
export function comesBack(code, reason) {
  return code !== 1000 && code !== 1008 && !isInactive(code, reason);
}

/**
 * Milliseconds to wait before the given attempt (from 0). They double up to 15 s; half of each is random, so that
 * many pages do not return to a restarted gateway in the same instant.
 */
export function backoffMs(attempt, random = Math.random) {
  const ceiling = Math.min(15_000, 500 * 2 ** Math.min(attempt, 10));
  return Math.round(ceiling * (0.5 + random() / 2));
}
