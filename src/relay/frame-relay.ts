import { CAUSES, type Cause, type GatewayCause } from '../base/causes.ts';
import type { Clock } from '../base/clock.ts';
import type { Leg } from '../base/leg.ts';
import type { CloseHow, Message, Relay, RelayOptions, RelayResult, RelayStats } from '../base/relay.ts';
import { otherSide, type Side } from '../base/side.ts';
import { CLOSE_CODES } from '../websocket/close-codes.ts';
import { encodeClose, encodeFrame, type MaskingKey } from '../websocket/frame.ts';
import type { MaskPool } from '../websocket/mask-pool.ts';
import { OPCODES } from '../websocket/opcodes.ts';
import { Scanner } from '../websocket/scanner.ts';
import type { Violation } from '../websocket/violations.ts';
import { Deadlines, type Due, NEVER } from './deadlines.ts';
import { End, PHASES } from './end.ts';
import { concernedSide, endingFor } from './endings.ts';
import { Heartbeat } from './heartbeat.ts';
import { NOT_YET, Pump, type PumpOwner } from './pump.ts';
import { ignoreError, resetStream } from './stream.ts';
import { earlier, findOverdue, nextDeadline } from './watch.ts';

/** A close that waits behind unread data or a long frame may take this many times `closeTimeout` in all. */
const QUEUED_CLOSE_FACTOR = 4;

/** What all relays of an engine share. */
export interface RelayServices {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly masks: MaskPool;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/**
 * Joins two legs. Traffic is the pumps' business; this decides how a connection ends:
 *
 *     open ──close frame queued──▶ closing ──both closes seen──▶ ending ──socket released──▶ gone
 *       └────────── lost, dead, slow, or protocol broken ───────────▲
 *
 * Each end goes this way by itself, each step has a deadline, and when both are gone the result is reported.
 */
export class FrameRelay implements Relay, PumpOwner, Due {
  readonly result: Promise<RelayResult>;
  dueTick = NEVER;

  readonly #services: RelayServices;
  readonly #options: RelayOptions;
  readonly #client: End;
  readonly #upstream: End;
  readonly #startedAt: number;
  #resolve: (result: RelayResult) => void = () => {};
  #nextPingAt = NOT_YET;
  /** When a close that waits for the end of a message goes out at the end of a frame. */
  #hurryAt = NOT_YET;
  #cause: Cause | null = null;
  #causeSide: Side | null = null;
  #detail = '';
  #error: Error | null = null;

  constructor(client: Leg, upstream: Leg, options: RelayOptions, services: RelayServices) {
    this.#services = services;
    this.#options = options;
    this.#startedAt = services.clock.now();
    this.result = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const up = this.#pump(client, upstream, true);
    const down = this.#pump(upstream, client, false);
    this.#client = new End('client', up, down, this.#heartbeat(up, down));
    this.#upstream = new End('upstream', down, up, this.#heartbeat(down, up));
  }

  /** Takes the sockets over: called once, before anything else. */
  start(client: Leg, upstream: Leg): void {
    const { deadlines, random } = this.#services;
    const { pingIntervalMs } = this.#options;
    deadlines.join();
    client.stream.on('error', ignoreError);
    upstream.stream.on('error', ignoreError);
    // Connections that came at once, after a restart, are not all pinged at once.
    if (pingIntervalMs > 0) this.#nextPingAt = deadlines.now + pingIntervalMs * (1 - random());
    this.#scheduleNext();
    this.#upstream.from.start(upstream.head);
    this.#client.from.start(client.head);
  }

  stats(): RelayStats {
    return {
      durationMs: this.#services.clock.now() - this.#startedAt,
      client: this.#client.stats(),
      upstream: this.#upstream.stats(),
    };
  }

  send(to: Side, message: Message): 'sent' | 'queued' | 'full' | 'closed' {
    const isText = typeof message === 'string';
    const payload = isText ? new TextEncoder().encode(message) : message;
    const frame = encodeFrame(isText ? OPCODES.text : OPCODES.binary, payload, this.#keyFor(to));
    return this.#end(to).to.insertMessage(frame);
  }

  close(cause: GatewayCause, how: CloseHow = {}): void {
    if (this.#cause !== null) return;
    if (how.at === 'message') {
      const withinMs = how.withinMs ?? this.#options.closeTimeoutMs;
      this.#hurryAt = Deadlines.expiry(this.#services.deadlines.now, withinMs);
    }
    this.#decide(cause, how.side ?? 'client', '', how);
    this.#scheduleNext();
  }

  terminate(): void {
    this.#setCause('draining', null, 'terminated');
    this.#client.stream.destroy();
    this.#upstream.stream.destroy();
  }

  // What the pumps see.

  pumpSawPing(pump: Pump, payload: Uint8Array): void {
    if (pump.writing) this.#targetOf(pump).heartbeat?.sawForeignPing(payload);
  }

  pumpSawPong(pump: Pump, payload: Uint8Array): boolean {
    const { heartbeat } = this.#sourceOf(pump);
    return heartbeat?.sawPong(payload, this.#services.clock.now()) ?? false;
  }

  pumpSawClose(pump: Pump, frame: Uint8Array, code: number | null): void {
    const closer = this.#sourceOf(pump);
    closer.closeReceived = code ?? CLOSE_CODES.noCode;
    this.#setCause(closer.side === 'client' ? 'client-closed' : 'upstream-closed', closer.side, '');
    // Forwarded as it came: a close, the answer to one, or one that crosses another (RFC 6455 §5.5.1).
    this.#sendClose(this.#targetOf(pump), code, frame, false);
    this.#heardOut(closer);
    this.#endWhenClosed(closer);
    this.#scheduleNext();
  }

  pumpSawViolation(pump: Pump, { code, reason }: Violation): void {
    const offender = this.#sourceOf(pump);
    const error = offender.side === 'client' ? 'client-protocol-error' : 'upstream-protocol-error';
    this.#refuse(offender, code === CLOSE_CODES.messageTooBig ? 'message-too-big' : error, { code, reason });
  }

  pumpSawFlood(pump: Pump): void {
    this.#refuse(this.#sourceOf(pump), 'policy', { reason: 'too many control frames' });
  }

  pumpBlocked(pump: Pump): void {
    const { writeTimeoutMs } = this.#options;
    if (writeTimeoutMs === 0) return;
    this.#services.deadlines.schedule(this, Deadlines.expiry(pump.blockedAt, writeTimeoutMs));
  }

  pumpEnded(pump: Pump): void {
    const end = this.#sourceOf(pump);
    this.#lose(end);
    // Whoever sent its close and then its FIN may still read the other's answer; other half-open ends are not kept.
    if (end.closeReceived === null || end.closeSent !== null) this.#endTcp(end);
    this.#scheduleNext();
  }

  pumpClosed(pump: Pump, error: Error | null): void {
    const end = this.#sourceOf(pump);
    if (end.phase === PHASES.gone) return;
    if (this.#cause === null) this.#error = error;
    this.#lose(end);
    end.phase = PHASES.gone;
    end.limitAt = NOT_YET;
    end.to.stopWriting();
    if (this.#otherOf(end).phase === PHASES.gone) this.#finish();
    else this.#scheduleNext();
  }

  // How it ends.

  /** The first close frame seen, or the gateway's own decision if earlier, is the cause. @returns whether this is it. */
  #setCause(cause: Cause, side: Side | null, detail: string): boolean {
    if (this.#cause !== null) return false;
    this.#cause = cause;
    this.#causeSide = side;
    this.#detail = detail;
    return true;
  }

  /** The gateway's own decision; the first stands. `offender` counts where a cause may concern either side. */
  #decide(cause: Cause, offender: Side, detail: string, how: CloseHow): void {
    if (!this.#setCause(cause, concernedSide(cause, offender), detail)) return;
    for (const side of [offender, otherSide(offender)]) {
      const ending = endingFor(cause, offender, side, how);
      if (ending === 'reset') this.#reset(this.#end(side));
      else if (typeof ending === 'object')
        this.#tell(this.#end(side), ending.code, ending.reason, how.at === 'message');
    }
  }

  /** An end sent what it may not: it is not listened to any more, so its answer to our close would not be seen. */
  #refuse(offender: End, cause: Cause, how: CloseHow): void {
    offender.endsAfterClose = true;
    this.#decide(cause, offender.side, how.reason ?? '', how);
    if (offender.closeSent !== null) this.#endTcp(offender);
    this.#heardOut(offender);
    this.#scheduleNext();
  }

  /** No more bytes come from this end, whether or not it closed before. */
  #lose(end: End): void {
    end.from.stopScanning();
    if (end.phase === PHASES.open && end.closeReceived === null) {
      this.#setCause(end.side === 'client' ? 'client-lost' : 'upstream-lost', end.side, '');
    }
    this.#heardOut(end);
  }

  /** Nothing that this end may still send is forwarded: what does that leave to be said to the other? */
  #heardOut(end: End): void {
    const other = this.#otherOf(end);
    if (other.phase >= PHASES.ending) return;
    // Half a frame went out: nothing that we could send now would be read as what it is.
    if (other.to.writing && !other.to.scanner.betweenFrames) this.#endTcp(other);
    else if (other.phase === PHASES.closing) other.to.hurryClose();
    else if (other.closeReceived !== null) this.#echoClose(other);
    else this.#tellLoss(other);
  }

  /** The other end will not answer this one's close: it gets its own code back. */
  #echoClose(closer: End): void {
    const code = closer.closeReceived === CLOSE_CODES.noCode ? null : closer.closeReceived;
    this.#tell(closer, code, '', false);
  }

  #tellLoss(end: End): void {
    const ending = CAUSES[end.side === 'client' ? 'upstream-lost' : 'client-lost'][end.side];
    if (typeof ending === 'object') this.#tell(end, ending.code, ending.reason, false);
  }

  #tell(end: End, code: number | null, reason: string, atMessage: boolean): void {
    this.#sendClose(end, code, encodeClose(code, reason, this.#keyFor(end.side)), atMessage);
  }

  #sendClose(end: End, code: number | null, frame: Uint8Array, atMessage: boolean): void {
    if (end.phase !== PHASES.open) return;
    end.phase = PHASES.closing;
    this.#limit(end, QUEUED_CLOSE_FACTOR);
    const written = (): void => {
      end.closeSent = code ?? CLOSE_CODES.noCode;
      // Nothing follows a close frame; what the other end still sends is read and dropped (RFC 6455 §5.5.1).
      end.to.stopWriting();
      this.#startTogether(end);
      if (end.endsAfterClose) this.#endTcp(end);
      else this.#endWhenClosed(end);
    };
    const flushed = (): void => {
      if (end.phase !== PHASES.closing) return;
      this.#limit(end, 1);
      this.#scheduleNext();
    };
    end.to.insertClose({ frame, written, flushed }, atMessage);
  }

  /** Gives the present phase of an end so many times `closeTimeout`, unless it has less already. */
  #limit(end: End, times: number): void {
    const { now } = this.#services.deadlines;
    // An end that is told at once may still have to finish the message which the close to the other waits for.
    const since = end.phase === PHASES.closing ? Math.max(now, this.#hurryAt) : now;
    end.limitAt = earlier(end.limitAt, Deadlines.expiry(since, times * this.#options.closeTimeoutMs));
  }

  /** Once both closes are out nobody waits for the end of a message any more, and both ends have their time to answer. */
  #startTogether(end: End): void {
    const other = this.#otherOf(end);
    if (this.#hurryAt === NOT_YET || other.closeSent === null) return;
    this.#hurryAt = NOT_YET;
    if (other.phase === PHASES.closing) this.#limit(other, 1);
  }

  /** Both closes passed: the server ends TCP first (RFC 6455 §7.1.1), so we do to the client, and the upstream to us. */
  #endWhenClosed(end: End): void {
    if (end.phase !== PHASES.closing || end.closeReceived === null || end.closeSent === null) return;
    if (end.side === 'client' || end.stream.readableEnded) {
      this.#endTcp(end);
      return;
    }
    end.phase = PHASES.ending;
    end.limitAt = NOT_YET;
    this.#limit(end, 1);
  }

  #endTcp(end: End): void {
    if (end.phase === PHASES.gone) return;
    if (end.phase !== PHASES.ending) end.limitAt = NOT_YET;
    end.phase = PHASES.ending;
    this.#limit(end, 1);
    end.from.stopScanning();
    end.to.stopWriting();
    end.stream.end();
  }

  #reset(end: End): void {
    if (end.phase === PHASES.gone) return;
    end.phase = PHASES.ending;
    end.from.stopScanning();
    end.to.stopWriting();
    resetStream(end.stream);
  }

  /** An end did not answer a close, or did not end its TCP, in time. */
  #giveUp(end: End): void {
    end.limitAt = NOT_YET;
    if (end.from.paused) {
      // Its answer may stand behind what the other end does not read: no more of that, and it has its time now.
      this.#heardOut(end);
      this.#limit(end, 1);
      return;
    }
    end.phase = PHASES.ending;
    this.#lose(end);
    // An end that does not read is reset: the kernel would go on holding what was written to it.
    if (end.stream.writableLength > 0) resetStream(end.stream);
    else end.stream.destroy();
  }

  #finish(): void {
    this.#services.deadlines.leave(this);
    this.#resolve({
      ...this.stats(),
      cause: this.#cause ?? 'client-lost',
      side: this.#causeSide,
      detail: this.#detail,
      ...(this.#error === null ? {} : { error: this.#error }),
    });
  }

  get #isOver(): boolean {
    return this.#client.phase === PHASES.gone && this.#upstream.phase === PHASES.gone;
  }

  // What time brings.

  onDue(now: number): void {
    if (this.#isOver) return;
    if (this.#hurryAt !== NOT_YET && now >= this.#hurryAt) this.#hurry();
    for (const end of [this.#client, this.#upstream]) {
      if (end.limitAt !== NOT_YET && now >= end.limitAt) this.#giveUp(end);
    }
    if (this.#cause === null) this.#keepWatch(now);
    this.#scheduleNext();
  }

  #hurry(): void {
    this.#hurryAt = NOT_YET;
    this.#client.to.hurryClose();
    this.#upstream.to.hurryClose();
  }

  #keepWatch(now: number): void {
    const overdue = findOverdue(this.#client, this.#upstream, this.#options, now);
    if (overdue !== null) {
      const { cause, side, detail } = overdue;
      this.#decide(cause, side, detail, cause === 'inactive' ? { reason: detail } : {});
    } else if (this.#nextPingAt !== NOT_YET && now >= this.#nextPingAt) {
      this.#nextPingAt = Math.max(this.#nextPingAt + this.#options.pingIntervalMs, now);
      this.#ping(this.#client);
      this.#ping(this.#upstream);
    }
  }

  #ping(end: End): void {
    const { clock, deadlines } = this.#services;
    const { heartbeat } = end;
    const payload = heartbeat?.nextPing(deadlines.now) ?? null;
    if (heartbeat === null || payload === null) return;
    end.to.insertPing({
      frame: encodeFrame(OPCODES.ping, payload, this.#keyFor(end.side)),
      written: () => heartbeat.pingWritten(clock.now()),
      flushed: () => {
        heartbeat.pingFlushed(deadlines.now);
        this.#scheduleNext();
      },
    });
  }

  /** Asks to be looked at when the next of all deadlines has come. */
  #scheduleNext(): void {
    if (this.#isOver) return;
    let next = earlier(this.#hurryAt, earlier(this.#client.limitAt, this.#upstream.limitAt));
    if (this.#cause === null) {
      next = earlier(next, this.#nextPingAt);
      next = earlier(next, nextDeadline(this.#client, this.#upstream, this.#options));
    }
    if (next !== NOT_YET) this.#services.deadlines.schedule(this, next);
  }

  // Who is who.

  #pump(source: Leg, target: Leg, fromClient: boolean): Pump {
    const { deadlines } = this.#services;
    const { maxMessageBytes, maxControlFrames } = this.#options;
    const scanner = new Scanner(fromClient, usesDeflate(source) || usesDeflate(target), maxMessageBytes);
    return new Pump(this, source.stream, target.stream, scanner, deadlines, maxControlFrames);
  }

  #heartbeat(from: Pump, to: Pump): Heartbeat | null {
    return this.#options.pingIntervalMs === 0 ? null : new Heartbeat(from, to, this.#services.masks.next());
  }

  #keyFor(side: Side): MaskingKey {
    return side === 'upstream' ? this.#services.masks.next() : null;
  }

  #end(side: Side): End {
    return side === 'client' ? this.#client : this.#upstream;
  }

  #otherOf(end: End): End {
    return this.#end(otherSide(end.side));
  }

  #sourceOf(pump: Pump): End {
    return pump === this.#client.from ? this.#client : this.#upstream;
  }

  #targetOf(pump: Pump): End {
    return this.#otherOf(this.#sourceOf(pump));
  }
}

const usesDeflate = (leg: Leg): boolean => /(?:^|,)\s*permessage-deflate\s*(?:[;,]|$)/i.test(leg.extensions);
