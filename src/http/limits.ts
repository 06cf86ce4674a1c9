/** Bytes of a request's head; more is 431. */
export const MAX_HEAD_BYTES = 16 * 1024;
/** Bytes that are kept of what a client sends before its handshake is answered; then reading stops. */
export const MAX_EARLY_BYTES = 64 * 1024;
/** High-water mark of client sockets, each way. */
export const HIGH_WATER_MARK_BYTES = 16 * 1024;
/** How often Node looks for request heads that take too long. */
export const READ_TIMEOUT_CHECK_MS = 500;
/** TCP keep-alive on client sockets. */
export const TCP_KEEP_ALIVE_MS = 60_000;
/** How long an answer may take to be streamed to the client. */
export const ANSWER_TIMEOUT_MS = 30_000;
/** How long middlewares and action may take until somebody answers: longer than any sensible `handshakeTimeout`. */
export const HANDLE_TIMEOUT_MS = 600_000;
/** How long a connection is read on after its last answer, so that no reset destroys it (RFC 9112 §9.6). */
export const LINGER_MS = 1_000;
/** Seconds after which a client refused for want of room may come back. */
export const RETRY_AFTER_SECONDS = '1';
/** A warning that connections cannot be accepted (out of descriptors) comes at most this often. */
export const ACCEPT_WARNING_EVERY_MS = 10_000;
/** How long connections that were accepted before another process took the socket over have for their request. */
export const HAND_OVER_MS = 1_000;
/** How often it is looked whether all have been served. */
export const HAND_OVER_CHECK_MS = 20;
