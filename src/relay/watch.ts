import type { Cause } from '../base/causes.ts';
import type { RelayOptions } from '../base/relay.ts';
import type { Side } from '../base/side.ts';
import { Deadlines } from './deadlines.ts';
import type { End } from './end.ts';
import { NOT_YET } from './pump.ts';

/** Something that has gone on for too long. */
export interface Overdue {
  readonly cause: Cause;
  readonly side: Side;
  readonly detail: string;
}

/** What is overdue with two ends that nobody is closing yet, or `null`. */
export function findOverdue(client: End, upstream: End, options: RelayOptions, now: number): Overdue | null {
  return (
    overdueAt(client, options, now) ??
    overdueAt(upstream, options, now) ??
    (isOver(inactivityDeadline(client, upstream, options), now)
      ? { cause: 'inactive', side: 'client', detail: `no messages for ${inWords(options.maxInactivityMs)}` }
      : null)
  );
}

/** The coarse time at which something may be overdue, if nothing happens until then; `NOT_YET` for never. */
export function nextDeadline(client: End, upstream: End, options: RelayOptions): number {
  let next = inactivityDeadline(client, upstream, options);
  for (const end of [client, upstream]) {
    next = earlier(next, slowDeadline(end, options));
    next = earlier(next, pongDeadline(end, options));
  }
  return next;
}

/** The earlier of two coarse times of which either may be `NOT_YET`. */
export function earlier(a: number, b: number): number {
  if (a === NOT_YET) return b;
  return b === NOT_YET ? a : Math.min(a, b);
}

function overdueAt(end: End, options: RelayOptions, now: number): Overdue | null {
  const { side } = end;
  if (isOver(slowDeadline(end, options), now)) {
    return { cause: 'slow-consumer', side, detail: `did not read for ${inWords(options.writeTimeoutMs)}` };
  }
  if (isOver(pongDeadline(end, options), now)) {
    const cause = side === 'client' ? 'client-unresponsive' : 'upstream-unresponsive';
    return { cause, side, detail: `no pong for ${inWords(options.pongTimeoutMs)}` };
  }
  return null;
}

function slowDeadline({ to }: End, { writeTimeoutMs }: RelayOptions): number {
  if (writeTimeoutMs === 0 || to.blockedAt === NOT_YET) return NOT_YET;
  return Deadlines.expiry(to.blockedAt, writeTimeoutMs);
}

function pongDeadline({ heartbeat }: End, { pongTimeoutMs }: RelayOptions): number {
  const silentSince = heartbeat?.silentSince ?? NOT_YET;
  return pongTimeoutMs === 0 || silentSince === NOT_YET
    ? NOT_YET
    : Deadlines.expiry(silentSince, pongTimeoutMs);
}

function inactivityDeadline(client: End, upstream: End, { maxInactivityMs }: RelayOptions): number {
  if (maxInactivityMs === 0) return NOT_YET;
  return Deadlines.expiry(Math.max(client.from.lastDataAt, upstream.from.lastDataAt), maxInactivityMs);
}

const isOver = (deadline: number, now: number): boolean => deadline !== NOT_YET && now >= deadline;

const inWords = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);
