import { CAUSES, type Cause } from '../base/causes.ts';
import type { CloseHow, RelayOptions } from '../base/relay.ts';
import { otherSide, type Side } from '../base/side.ts';
import { CLOSE_CODES } from '../websocket/close-codes.ts';
import { encodeClose, type MaskingKey } from '../websocket/frame.ts';
import { Closing, PHASES } from './closing.ts';
import { Deadlines, earlier, NOT_YET } from './deadlines.ts';
import type { End } from './end.ts';
import { endingFor } from './endings.ts';
import { resetStream } from './stream.ts';

/** A close that waits behind unread data or a long frame may take this many times `closeTimeout` in all. */
const QUEUED_CLOSE_FACTOR = 4;

/** Why a connection ends. */
export interface Reason {
  readonly cause: Cause;
  /** The side that the cause concerns. */
  readonly side: Side | null;
  /** What was wrong, in words; or `''`. */
  readonly detail: string;
  /** The socket's error, when that is what ended it. */
  readonly error: Error | null;
}

/** What an ending works with. */
export interface EndingParts {
  readonly deadlines: Deadlines;
  readonly options: RelayOptions;
  keyFor(end: End): MaskingKey;
  /** A deadline came nearer. */
  reschedule(): void;
}

/**
 * How a connection ends, from its cause until both sockets are released. Each end goes its way by itself, and each
 * step has a deadline:
 *
 *     open ──close frame queued──▶ closing ──both closes seen──▶ ending ──socket released──▶ gone
 *       └────────── lost, dead, slow, or protocol broken ───────────▲
 */
export class Ending {
  readonly reason: Reason;
  readonly client: Closing;
  readonly upstream: Closing;
  readonly #parts: EndingParts;
  /** When a close that waits for the end of a message goes out at the end of a frame. */
  #hurryAt = NOT_YET;

  constructor(client: End, upstream: End, reason: Reason, parts: EndingParts) {
    this.client = new Closing(client);
    this.upstream = new Closing(upstream);
    this.reason = reason;
    this.#parts = parts;
  }

  get isOver(): boolean {
    return this.client.phase === PHASES.gone && this.upstream.phase === PHASES.gone;
  }

  /** Coarse time of the next deadline, or `NOT_YET`. */
  get nextDeadline(): number {
    return earlier(this.#hurryAt, earlier(this.client.limitAt, this.upstream.limitAt));
  }

  /** The gateway decided on the cause: each side is told what the table of causes says. */
  tellBoth(offender: Side, how: CloseHow): void {
    const atMessage = how.at === 'message';
    if (atMessage) {
      const withinMs = how.withinMs ?? this.#parts.options.closeTimeoutMs;
      this.#hurryAt = Deadlines.expiry(this.#parts.deadlines.now, withinMs);
    }
    for (const side of [offender, otherSide(offender)]) {
      const ending = endingFor(this.reason.cause, offender, side, how);
      if (ending === 'reset') this.#reset(this[side]);
      else if (typeof ending === 'object') this.#tell(this[side], ending.code, ending.reason, atMessage);
    }
  }

  /** A close frame came. It is forwarded as it is: a close, the answer to one, or one that crosses another (§5.5.1). */
  sawClose(end: End, frame: Uint8Array, code: number | null): void {
    const closer = this[end.side];
    closer.received = code ?? CLOSE_CODES.noCode;
    this.#sendClose(this[end.other.side], code, frame, false);
    this.#heardOut(closer);
    this.#endWhenClosed(closer);
  }

  /** The end sent what it may not: an answer to our close would not be understood any more. */
  stopUnderstanding(end: End): void {
    const closing = this[end.side];
    closing.endsAfterClose = true;
    if (closing.sent !== null) this.#endTcp(closing);
  }

  /** Nothing that the end may still send is forwarded. */
  heardOut(end: End): void {
    this.#heardOut(this[end.side]);
  }

  /** The end sent its FIN. */
  sawEnd(end: End): void {
    const closing = this[end.side];
    this.#lose(closing);
    // Whoever sent its close and then its FIN may still read the other's answer; other half-open ends are not kept.
    if (closing.received === null || closing.sent !== null) this.#endTcp(closing);
  }

  /** The end's socket is released. */
  sawGone(end: End): void {
    const closing = this[end.side];
    this.#lose(closing);
    closing.phase = PHASES.gone;
    closing.limitAt = NOT_YET;
    end.stopWriting();
  }

  checkDeadlines(now: number): void {
    if (isPast(this.#hurryAt, now)) {
      this.#hurryAt = NOT_YET;
      this.client.end.hurryClose();
      this.upstream.end.hurryClose();
    }
    for (const closing of [this.client, this.upstream]) {
      if (isPast(closing.limitAt, now)) this.#giveUp(closing);
    }
  }

  /** No more bytes come from this end. */
  #lose(closing: Closing): void {
    closing.end.stopListening();
    this.#heardOut(closing);
  }

  /** What is left to be said to the other end, now that this one is not forwarded any more. */
  #heardOut(closing: Closing): void {
    const other = this.#otherOf(closing);
    if (other.phase >= PHASES.ending) return;
    // Half a frame went out: nothing that we could send now would be read as what it is.
    if (other.end.isMidFrame) this.#endTcp(other);
    else if (other.phase === PHASES.closing) other.end.hurryClose();
    else if (other.received !== null) this.#echoClose(other, other.received);
    else this.#tellLoss(other);
  }

  /** The other end will not answer this one's close: it gets its own code back. */
  #echoClose(closer: Closing, received: number): void {
    this.#tell(closer, received === CLOSE_CODES.noCode ? null : received, '', false);
  }

  #tellLoss(closing: Closing): void {
    const ending = CAUSES[closing.end.side === 'client' ? 'upstream-lost' : 'client-lost'][closing.end.side];
    if (typeof ending === 'object') this.#tell(closing, ending.code, ending.reason, false);
  }

  #tell(closing: Closing, code: number | null, reason: string, atMessage: boolean): void {
    const key = this.#parts.keyFor(closing.end);
    this.#sendClose(closing, code, encodeClose(code, reason, key), atMessage);
  }

  #sendClose(closing: Closing, code: number | null, frame: Uint8Array, atMessage: boolean): void {
    // A socket that is released takes nothing, and the result says what was sent.
    if (closing.phase !== PHASES.open || closing.end.stream.destroyed) return;
    closing.phase = PHASES.closing;
    this.#limit(closing, QUEUED_CLOSE_FACTOR);
    const written = (): void => {
      closing.sent = code ?? CLOSE_CODES.noCode;
      // Nothing follows a close frame; what the other end still sends is read and dropped (§5.5.1).
      closing.end.stopWriting();
      this.#startTogether(closing);
      if (closing.endsAfterClose) this.#endTcp(closing);
      else this.#endWhenClosed(closing);
    };
    const flushed = (): void => {
      if (closing.phase !== PHASES.closing) return;
      this.#limit(closing, 1);
      this.#parts.reschedule();
    };
    closing.end.insertClose({ frame, written, flushed }, atMessage);
  }

  /** Gives the present phase of an end so many times `closeTimeout`, unless it has less already. */
  #limit(closing: Closing, times: number): void {
    const { deadlines, options } = this.#parts;
    // An end that is told at once may still have to finish the message which the close to the other waits for.
    const since = closing.phase === PHASES.closing ? Math.max(deadlines.now, this.#hurryAt) : deadlines.now;
    closing.limitAt = earlier(closing.limitAt, Deadlines.expiry(since, times * options.closeTimeoutMs));
  }

  /** Once both closes are out nobody waits for the end of a message any more, and both ends have their time to answer. */
  #startTogether(closing: Closing): void {
    const other = this.#otherOf(closing);
    if (this.#hurryAt === NOT_YET || other.sent === null) return;
    this.#hurryAt = NOT_YET;
    if (other.phase === PHASES.closing) this.#limit(other, 1);
  }

  /** Both closes passed: the server ends TCP first (§7.1.1), so we do to the client, and the upstream to us. */
  #endWhenClosed(closing: Closing): void {
    if (closing.phase !== PHASES.closing || closing.received === null || closing.sent === null) return;
    if (closing.end.side === 'client' || closing.end.stream.readableEnded) {
      this.#endTcp(closing);
      return;
    }
    closing.phase = PHASES.ending;
    closing.limitAt = NOT_YET;
    this.#limit(closing, 1);
  }

  #endTcp(closing: Closing): void {
    if (closing.phase === PHASES.gone) return;
    if (closing.phase !== PHASES.ending) closing.limitAt = NOT_YET;
    closing.phase = PHASES.ending;
    this.#limit(closing, 1);
    closing.end.stopListening();
    closing.end.stopWriting();
    if (!closing.end.stream.writableEnded) closing.end.stream.end();
  }

  #reset(closing: Closing): void {
    if (closing.phase === PHASES.gone) return;
    closing.phase = PHASES.ending;
    closing.end.stopListening();
    closing.end.stopWriting();
    resetStream(closing.end.stream);
  }

  /** An end did not answer a close, or did not end its TCP, in time. */
  #giveUp(closing: Closing): void {
    const { end } = closing;
    closing.limitAt = NOT_YET;
    if (end.paused) {
      // Its answer may stand behind what the other end does not read: no more of that, and it has its time now.
      this.#heardOut(closing);
      this.#limit(closing, 1);
      return;
    }
    closing.phase = PHASES.ending;
    this.#lose(closing);
    // An end that does not read is reset: the kernel would go on holding what was written to it.
    if (end.stream.writableLength > 0) resetStream(end.stream);
    else end.stream.destroy();
  }

  #otherOf(closing: Closing): Closing {
    return this[closing.end.other.side];
  }
}

const isPast = (deadline: number, now: number): boolean => deadline !== NOT_YET && now >= deadline;
