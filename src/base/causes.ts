import type { Side } from './side.ts';

/**
 * What a side is told when a connection ends:
 * a close frame, the other side's own close frame (`forwarded`), that side's answer to it (`reply`),
 * a TCP reset (`reset`), or nothing, since it has left already (`gone`).
 */
export type Ending =
  | { readonly code: number; readonly reason: string }
  | 'forwarded'
  | 'reply'
  | 'reset'
  | 'gone';

export interface CauseFacts {
  /** One sentence for logs and documentation. */
  readonly what: string;
  /** The side that the cause concerns; `offender` where either may be; `null` where none is. */
  readonly side: Side | 'offender' | null;
  /** What the client is told, unless it is the offender. */
  readonly client: Ending;
  /** What the upstream is told, unless it is the offender. */
  readonly upstream: Ending;
  /** What the offending side is told. */
  readonly offender?: Ending;
}

const facts = <const T extends Record<string, CauseFacts>>(
  table: T,
): { readonly [K in keyof T]: CauseFacts } => table;

/**
 * Why a connection ended: every cause there is, and what each side is told. Codes: RFC 6455 §7.4.1.
 * A connection has exactly one: the first close frame seen, or the gateway's own decision if that came earlier.
 */
export const CAUSES = facts({
  'client-closed': {
    what: 'close frame from the client',
    side: 'client',
    client: 'reply',
    upstream: 'forwarded',
  },
  'upstream-closed': {
    what: 'close frame from the upstream',
    side: 'upstream',
    client: 'forwarded',
    upstream: 'reply',
  },
  'client-lost': {
    what: "the client's TCP ended with no close frame",
    side: 'client',
    client: 'gone',
    upstream: { code: 1001, reason: 'client connection lost' },
  },
  'upstream-lost': {
    what: "the upstream's TCP ended with no close frame",
    side: 'upstream',
    client: { code: 1011, reason: 'upstream connection lost' },
    upstream: 'gone',
  },
  'client-unresponsive': {
    what: 'the client did not answer pings for pongTimeout',
    side: 'client',
    client: 'reset',
    upstream: { code: 1001, reason: 'client did not answer pings' },
  },
  'upstream-unresponsive': {
    what: 'the upstream did not answer pings for pongTimeout',
    side: 'upstream',
    client: { code: 1011, reason: 'upstream did not answer pings' },
    upstream: 'reset',
  },
  inactive: {
    what: 'no data frame in either direction for maxInactivity',
    side: null,
    client: { code: 1001, reason: 'no messages' },
    upstream: { code: 1001, reason: 'no messages' },
  },
  'client-protocol-error': {
    what: 'invalid frame from the client',
    side: 'client',
    client: { code: 1002, reason: 'protocol error' },
    upstream: { code: 1001, reason: 'client broke the protocol' },
  },
  'upstream-protocol-error': {
    what: 'invalid frame from the upstream',
    side: 'upstream',
    client: { code: 1011, reason: 'upstream broke the protocol' },
    upstream: { code: 1002, reason: 'protocol error' },
  },
  'message-too-big': {
    what: 'a message over maxMessageSize',
    side: 'offender',
    client: { code: 1011, reason: 'upstream sent a message that is too big' },
    upstream: { code: 1001, reason: 'client sent a message that is too big' },
    offender: { code: 1009, reason: 'message too big' },
  },
  policy: {
    what: 'a hook or a limit refused what a side sent',
    side: 'offender',
    client: { code: 1011, reason: 'upstream broke a policy' },
    upstream: { code: 1001, reason: 'client broke a policy' },
    offender: { code: 1008, reason: 'policy violation' },
  },
  'credentials-expired': {
    what: "the lifetime of the client's credentials ended",
    side: 'client',
    client: { code: 1008, reason: 'credentials expired' },
    upstream: { code: 1001, reason: 'credentials expired' },
  },
  'slow-consumer': {
    what: 'a side did not read for writeTimeout',
    side: 'offender',
    client: { code: 1011, reason: 'upstream does not read' },
    upstream: { code: 1001, reason: 'client does not read' },
    offender: 'reset',
  },
  draining: {
    what: 'shutdown, reload or rebalance',
    side: null,
    client: { code: 1012, reason: 'service restart' },
    upstream: { code: 1001, reason: 'service restart' },
  },
  'plugin-error': {
    what: 'a plugin threw after the 101',
    side: null,
    client: { code: 1011, reason: 'internal error' },
    upstream: { code: 1001, reason: 'internal error' },
  },
  'hold-failed': {
    what: 'no upstream could take a held client',
    side: 'upstream',
    client: { code: 1012, reason: 'service restart' },
    upstream: 'gone',
  },
  'closed-by-operator': {
    what: 'an operator closed it',
    side: null,
    client: { code: 1001, reason: 'closed by operator' },
    upstream: { code: 1001, reason: 'closed by operator' },
  },
});

/** The one reason a connection ended. */
export type Cause = keyof typeof CAUSES;

/** The causes that somebody outside the relay may decide on. */
export type GatewayCause = Extract<
  Cause,
  'policy' | 'credentials-expired' | 'draining' | 'plugin-error' | 'hold-failed' | 'closed-by-operator'
>;
