import type { Cause } from '../base/causes.ts';
import type { RelayOptions } from '../base/relay.ts';
import type { Side } from '../base/side.ts';
import { Deadlines, earlier, NOT_YET } from './deadlines.ts';
import type { End } from './end.ts';

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
    inactivity(client, upstream, options, now)
  );
}

/** The coarse time at which something may be overdue, if nothing happens until then; `NOT_YET` for never. */
export function nextDeadline(client: End, upstream: End, options: RelayOptions): number {
  const atClient = earlier(slowDeadline(client, options), pongDeadline(client, options));
  const atUpstream = earlier(slowDeadline(upstream, options), pongDeadline(upstream, options));
  return earlier(inactivityDeadline(client, upstream, options), earlier(atClient, atUpstream));
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

function inactivity(client: End, upstream: End, options: RelayOptions, now: number): Overdue | null {
  if (!isOver(inactivityDeadline(client, upstream, options), now)) return null;
  return { cause: 'inactive', side: 'client', detail: `no messages for ${inWords(options.maxInactivityMs)}` };
}

function slowDeadline({ blockedAt }: End, { writeTimeoutMs }: RelayOptions): number {
  return writeTimeoutMs === 0 || blockedAt === NOT_YET
    ? NOT_YET
    : Deadlines.expiry(blockedAt, writeTimeoutMs);
}

function pongDeadline({ silentSince }: End, { pongTimeoutMs }: RelayOptions): number {
  return pongTimeoutMs === 0 || silentSince === NOT_YET
    ? NOT_YET
    : Deadlines.expiry(silentSince, pongTimeoutMs);
}

function inactivityDeadline(client: End, upstream: End, { maxInactivityMs }: RelayOptions): number {
  if (maxInactivityMs === 0) return NOT_YET;
  return Deadlines.expiry(Math.max(client.lastDataAt, upstream.lastDataAt), maxInactivityMs);
}

const isOver = (deadline: number, now: number): boolean => deadline !== NOT_YET && now >= deadline;

const inWords = (ms: number): string => (ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`);
