import type { Cause, GatewayCause } from '../base/causes.ts';
import { DirectSocket } from '../base/direct-socket.ts';
import type { Leg } from '../base/leg.ts';
import type {
  CloseHow,
  Message,
  Relay,
  RelayOptions,
  RelayOwner,
  RelayResult,
  RelayStats,
  SideStats,
} from '../base/relay.ts';
import type { Side } from '../base/side.ts';
import { CLOSE_CODES, mayBeSent } from '../websocket/close-codes.ts';
import { encodeFrame, type MaskingKey } from '../websocket/frame.ts';
import { OPCODES } from '../websocket/opcodes.ts';
import { Scanner } from '../websocket/scanner.ts';
import type { Violation } from '../websocket/violations.ts';
import { ControlAllowance } from './control-allowance.ts';
import { Deadlines, type Due, earlier, NOT_YET } from './deadlines.ts';
import { End, type EndOwner } from './end.ts';
import { Ending, type EndingParts } from './ending.ts';
import { concernedSide } from './endings.ts';
import { Heartbeat, type HeartbeatOwner } from './heartbeat.ts';
import { HeldUpstream } from './hold/held-upstream.ts';
import { type PumpOwner, pump } from './pump.ts';
import type { RelayServices } from './services.ts';
import { findOverdue, nextDeadline, type Overdue } from './watch.ts';

/**
 * Joins two legs: hands chunks to the pump, pings both ends, watches over the limits, and leaves the rest to an `Ending`
 * once there is a cause for one.
 */
export class FrameRelay implements Relay, PumpOwner, EndOwner, EndingParts, HeartbeatOwner, Due {
  dueTick = NOT_YET;
  readonly options: RelayOptions;
  readonly #services: RelayServices;
  readonly #owner: RelayOwner | null;
  readonly #client: End;
  readonly #upstream: End;
  readonly #startedAt: number;
  /** Coarse time at which it is old enough; `NOT_YET` when it never is. */
  readonly #expiresAt: number;
  readonly #heartbeat: Heartbeat | null;
  #ending: Ending | null = null;
  #result: RelayResult | null = null;
  /** Whoever asked for the result before there was one. */
  #waiting: ((result: RelayResult) => void)[] | null = null;

  constructor(
    client: Leg,
    upstream: Leg,
    options: RelayOptions,
    owner: RelayOwner | null,
    services: RelayServices,
  ) {
    const { clock, deadlines, random } = services;
    const { maxAge, maxMessageBytes, pingIntervalMs } = options;
    const deflate = usesDeflate(client) || usesDeflate(upstream);
    this.options = options;
    this.#owner = owner;
    this.#services = services;
    this.#startedAt = Math.floor(clock.now());
    this.#expiresAt =
      maxAge === undefined
        ? NOT_YET
        : Deadlines.expiry(deadlines.now, Math.floor(maxAge.afterMs + random() * maxAge.jitterMs));
    this.#heartbeat = pingIntervalMs === 0 ? null : new Heartbeat(pingIntervalMs, this, services);
    this.#client = new End(
      this,
      'client',
      client.stream,
      new Scanner(true, deflate, maxMessageBytes),
      deadlines,
    );
    this.#upstream = new End(
      this,
      'upstream',
      upstream.stream,
      new Scanner(false, deflate, maxMessageBytes),
      deadlines,
    );
    End.join(this.#client, this.#upstream);
  }

  /** Takes the sockets over: called once, before anything else. */
  start(client: Leg, upstream: Leg): void {
    const { deadlines, sockets } = this.#services;
    deadlines.join();
    this.reschedule();
    sockets.take(this.#upstream, upstream.head);
    sockets.take(this.#client, client.head);
  }

  get deadlines(): Deadlines {
    return this.#services.deadlines;
  }

  get result(): Promise<RelayResult> {
    if (this.#result !== null) return Promise.resolve(this.#result);
    return new Promise((resolve) => {
      this.#waiting ??= [];
      this.#waiting.push(resolve);
    });
  }

  stats(): RelayStats {
    return {
      durationMs: this.#services.clock.now() - this.#startedAt,
      client: this.#statsOf(this.#client),
      upstream: this.#statsOf(this.#upstream),
      ...(this.#held === null ? {} : { hold: this.#held.stats() }),
    };
  }

  send(to: Side, message: Message): 'sent' | 'queued' | 'full' | 'closed' {
    const end = this.#end(to);
    const isText = typeof message === 'string';
    const payload = isText ? new TextEncoder().encode(message) : message;
    const frame = encodeFrame(isText ? OPCODES.text : OPCODES.binary, payload, this.keyFor(end));
    return end.insertMessage(frame);
  }

  close(cause: GatewayCause, how: CloseHow = {}): void {
    const { code } = how;
    if (code !== undefined && !mayBeSent(code)) throw new RangeError(`${code} is no close code to send`);
    this.#decide(cause, how.side ?? 'client', how.detail ?? how.reason ?? '', how);
  }

  terminate(): void {
    this.#begin('draining', null, 'terminated');
    this.#client.stream.destroy();
    this.#upstream.stream.destroy();
  }

  // What the sockets tell.

  gotData(end: End, chunk: Uint8Array): void {
    const { now } = this.#services.deadlines;
    end.lastByteAt = now;
    if (end.listening) pump(end, chunk, this, now);
  }

  gotBytes(end: End, bytes: Buffer): void {
    const { chunks } = this.#services;
    const { stream } = end.other;
    // What a socket does not hold any more the network has taken. Other streams may hand on what they do not hold.
    const takesAtOnce = stream instanceof DirectSocket;
    this.gotData(end, chunks.keep(bytes, takesAtOnce && stream.writableLength === 0));
    if (takesAtOnce && stream.writableLength === 0) chunks.giveBack();
  }

  gotEnd(end: End): void {
    this.#begin(end.side === 'client' ? 'client-lost' : 'upstream-lost', end.side, '').sawEnd(end);
    this.reschedule();
  }

  gotClose(end: End, error: Error | null): void {
    const ending = this.#begin(end.side === 'client' ? 'client-lost' : 'upstream-lost', end.side, '', error);
    ending.sawGone(end);
    if (ending.isOver) this.#finish(ending);
    else this.reschedule();
  }

  gotBlocked(end: End): void {
    const { writeTimeoutMs } = this.options;
    if (writeTimeoutMs > 0) this.deadlines.schedule(this, Deadlines.expiry(end.blockedAt, writeTimeoutMs));
  }

  gotUnblocked({ other }: End): void {
    // No sign of life was awaited while it was not read, so nothing was scheduled for it either.
    if (other.probe !== null) this.reschedule();
  }

  // What the pump sees.

  mayStillSend(source: End): boolean {
    const { maxControlFrames } = this.options;
    if (maxControlFrames === 0) return true;
    source.allowance ??= new ControlAllowance(maxControlFrames, this.deadlines.now);
    return source.allowance.spend(this.deadlines.now);
  }

  sawPing(source: End, payload: Uint8Array): void {
    this.#heartbeat?.sawPing(source, payload);
  }

  sawPong(source: End, payload: Uint8Array): boolean {
    return this.#heartbeat?.sawPong(source, payload) ?? false;
  }

  sawClose(source: End, frame: Uint8Array, code: number | null): void {
    const cause = source.side === 'client' ? 'client-closed' : 'upstream-closed';
    this.#begin(cause, source.side, '').sawClose(source, new Uint8Array(frame), code);
    this.reschedule();
  }

  sawViolation(source: End, { code, reason }: Violation): void {
    const error = source.side === 'client' ? 'client-protocol-error' : 'upstream-protocol-error';
    this.#refuse(source, code === CLOSE_CODES.messageTooBig ? 'message-too-big' : error, { code, reason });
  }

  sawFlood(source: End): void {
    this.#refuse(source, 'policy', { reason: 'too many control frames' });
  }

  // How it ends.

  keyFor({ side }: { readonly side: Side }): MaskingKey {
    return side === 'upstream' ? this.#services.masks.next() : null;
  }

  /** The first close frame seen, or the gateway's own decision if earlier, is the cause: what comes later changes nothing. */
  #begin(cause: Cause, side: Side | null, detail: string, error: Error | null = null): Ending {
    if (this.#ending === null) this.#held?.letGo();
    this.#ending ??= new Ending(this.#client, this.#upstream, { cause, side, detail, error }, this);
    return this.#ending;
  }

  /** The gateway's own decision. `offender` counts where a cause may concern either side. */
  #decide(cause: Cause, offender: Side, detail: string, how: CloseHow): void {
    if (this.#ending !== null) return;
    this.#begin(cause, concernedSide(cause, offender), detail).tellBoth(offender, how);
    this.reschedule();
  }

  /** An end sent what it may not. */
  #refuse(offender: End, cause: Cause, how: CloseHow): void {
    const isCause = this.#ending === null;
    const ending = this.#begin(cause, offender.side, how.reason ?? '');
    ending.stopUnderstanding(offender);
    if (isCause) ending.tellBoth(offender.side, how);
    ending.heardOut(offender);
    this.reschedule();
  }

  #finish({ reason }: Ending): void {
    if (this.#result !== null) return;
    const { cause, side, detail, error } = reason;
    this.deadlines.leave(this);
    const result = { ...this.stats(), cause, side, detail, ...(error === null ? {} : { error }) };
    this.#result = result;
    // Never before whoever started the relay has it in hand.
    queueMicrotask(() => {
      this.#owner?.relayEnded(result);
      for (const resolve of this.#waiting ?? []) resolve(result);
    });
  }

  // What time brings.

  onDue(now: number): void {
    if (this.#ending !== null) this.#ending.checkDeadlines(now);
    else this.#keepWatch(now);
    this.reschedule();
  }

  /** Asks to be looked at when the next of all deadlines has come. */
  reschedule(): void {
    const ending = this.#ending;
    if (ending?.isOver) return;
    const next =
      ending === null
        ? earlier(
            earlier(this.#heartbeat?.nextAt ?? NOT_YET, this.#expiresAt),
            nextDeadline(this.#client, this.#upstream, this.options),
          )
        : ending.nextDeadline;
    if (next !== NOT_YET) this.deadlines.schedule(this, next);
  }

  #keepWatch(now: number): void {
    const overdue = findOverdue(this.#client, this.#upstream, this.options, now);
    if (overdue !== null && !this.#isExcused(overdue, now)) {
      const { cause, side, detail } = overdue;
      this.#decide(cause, side, detail, cause === 'inactive' ? { reason: detail } : {});
    } else if (this.#expiresAt !== NOT_YET && now >= this.#expiresAt) {
      this.#decide('draining', 'client', 'reached its maxAge', { at: 'message' });
    } else if (overdue === null && this.#heartbeat !== null && now >= this.#heartbeat.nextAt) {
      this.#heartbeat.beat(this.#client, this.#upstream, now);
    }
  }

  /** An upstream that another may take the place of is not the end of the connection, nor is there being none. */
  #isExcused({ cause, side }: Overdue, now: number): boolean {
    if (side !== 'upstream' || !this.#held?.excuses(cause === 'slow-consumer' ? 'slow' : 'silent'))
      return false;
    this.#upstream.restartLimits(now);
    return true;
  }

  // Who is who.

  get #held(): HeldUpstream | null {
    const { stream } = this.#upstream;
    return stream instanceof HeldUpstream ? stream : null;
  }

  #end(side: Side): End {
    return side === 'client' ? this.#client : this.#upstream;
  }

  #statsOf({ side, scanner, roundTrips }: End): SideStats {
    const closing = this.#ending?.[side];
    return {
      messages: scanner.messages,
      bytes: scanner.bytes,
      closeReceived: closing?.received ?? null,
      closeSent: closing?.sent ?? null,
      roundTrip: roundTrips?.summary() ?? null,
    };
  }
}

const usesDeflate = (leg: Leg): boolean => /(?:^|,)\s*permessage-deflate\s*(?:[;,]|$)/i.test(leg.extensions);
