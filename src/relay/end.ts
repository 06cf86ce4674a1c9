import type { Duplex } from 'node:stream';
import type { DirectReader } from '../base/direct-socket.ts';
import type { Side } from '../base/side.ts';
import type { Scanner } from '../websocket/scanner.ts';
import type { ControlAllowance } from './control-allowance.ts';
import { type Deadlines, NOT_YET } from './deadlines.ts';
import { type Insertion, type Insertions, MAX_QUEUED_BYTES, noInsertions } from './insertions.ts';
import type { Probe } from './probe.ts';
import type { RoundTrips } from './round-trips.ts';

/** Hears what happens to an end. */
export interface EndOwner {
  gotData(end: End, chunk: Uint8Array): void;
  /** As `gotData`, but valid during the call only. */
  gotBytes(end: End, bytes: Buffer): void;
  /** Its FIN, after all that came before it. */
  gotEnd(end: End): void;
  /** Its socket is released. Once. */
  gotClose(end: End, error: Error | null): void;
  /** It does not keep up: reading of the other end is paused until it does. */
  gotBlocked(end: End): void;
  /** It keeps up again: the other end is read on. */
  gotUnblocked(end: End): void;
}

/**
 * One of the two ends of a connection: its socket, how what comes from it is followed, and what waits to be written to
 * it. Most ends idle most of the time, so whatever an idle one does not need is made when it does.
 */
export class End implements DirectReader {
  readonly owner: EndOwner;
  readonly side: Side;
  readonly stream: Duplex;
  /** Follows what comes from this end. */
  readonly scanner: Scanner;
  /** The end that this one talks to. */
  other: End;
  /** Whether what comes from it is still looked at. */
  listening = true;
  /** Whether anything may still be written to it. */
  writing = true;
  /** Coarse times (`Deadlines.now`) of the last byte from it, and of the last byte of a data frame. */
  lastByteAt: number;
  lastDataAt: number;
  /** Since when it has not drained what was written to it. */
  blockedAt = NOT_YET;
  /** `null` before its first control frame. */
  allowance: ControlAllowance | null = null;
  /** `null` while no ping to it is unanswered. */
  probe: Probe | null = null;
  /** `null` before its first pong. */
  roundTrips: RoundTrips | null = null;
  readonly #deadlines: Deadlines;
  #insertions: Insertions | null = null;

  constructor(owner: EndOwner, side: Side, stream: Duplex, scanner: Scanner, deadlines: Deadlines) {
    this.owner = owner;
    this.side = side;
    this.stream = stream;
    this.scanner = scanner;
    this.#deadlines = deadlines;
    this.lastByteAt = deadlines.now;
    this.lastDataAt = deadlines.now;
    // Alone until it is joined with another.
    this.other = this;
  }

  /** Makes two ends talk to each other. */
  static join(one: End, two: End): void {
    one.other = two;
    two.other = one;
  }

  /** Whether our reading of it is paused, so that its silence says nothing. */
  get paused(): boolean {
    return this.other.blockedAt !== NOT_YET;
  }

  /** Whether only half a frame was written to it. */
  get isMidFrame(): boolean {
    return this.writing && !this.other.scanner.betweenFrames;
  }

  /** Whether something waits to be put in at the next boundary. */
  get hasInsertions(): boolean {
    return this.#insertions !== null;
  }

  /** When its silence began, in coarse time; `NOT_YET` while no sign of life is awaited, or while we do not read it. */
  get silentSince(): number {
    return this.probe === null || this.paused ? NOT_YET : this.probe.silentSince(this.lastByteAt);
  }

  /** What comes from it is read on, to see its FIN and to spare it a reset, but not looked at any more. */
  stopListening(): void {
    this.listening = false;
    this.other.#unblock();
  }

  /** Nothing is written to it any more; what the other end sends is read and dropped. */
  stopWriting(): void {
    this.writing = false;
    this.#insertions = null;
    this.#unblock();
  }

  gotBytes(bytes: Buffer): void {
    this.owner.gotBytes(this, bytes);
  }

  write(bytes: Uint8Array): void {
    if (!this.writing) return;
    if (!this.stream.write(bytes)) this.#block();
  }

  /** Puts a ping in at the end of the frame under way. One that still waits is replaced. */
  insertPing(ping: Insertion): void {
    if (!this.writing) return;
    this.#queued().ping = ping;
    this.insertWhatMay();
  }

  /** Puts a close frame in at the end of the frame or message under way. */
  insertClose(close: Insertion, atMessage: boolean): void {
    if (!this.writing) return;
    const queued = this.#queued();
    queued.close = close;
    queued.closeAtMessage = atMessage;
    queued.ping = null;
    this.insertWhatMay();
  }

  /** A close that waits for the end of a message waits for the end of its frame only from now on. */
  hurryClose(): void {
    if (this.#insertions === null) return;
    this.#insertions.closeAtMessage = false;
    this.insertWhatMay();
  }

  /** Puts a message of our own in between two messages. */
  insertMessage(frame: Uint8Array): 'sent' | 'queued' | 'full' | 'closed' {
    if (!this.writing || this.#insertions?.close) return 'closed';
    if (this.#insertions === null && this.#mayInsertMessages()) {
      this.write(frame);
      return 'sent';
    }
    const queued = this.#queued();
    if (queued.messageBytes > 0 && queued.messageBytes + frame.length > MAX_QUEUED_BYTES) return 'full';
    queued.messages.push(frame);
    queued.messageBytes += frame.length;
    this.insertWhatMay();
    return 'queued';
  }

  /** Writes what waits for a boundary, if this is one. */
  insertWhatMay(): void {
    const queued = this.#insertions;
    const { betweenFrames, betweenMessages } = this.other.scanner;
    if (queued === null || !betweenFrames) return;
    if (queued.ping !== null) {
      this.#insert(queued.ping);
      queued.ping = null;
    }
    const mayWait = queued.close === null || queued.closeAtMessage;
    if (mayWait && this.#mayInsertMessages()) this.#insertMessages(queued);
    if (queued.close !== null && (!queued.closeAtMessage || betweenMessages)) this.#insert(queued.close);
    else if (queued.close === null && queued.messages.length === 0) this.#insertions = null;
  }

  /**
   * The socket has drained. That is a sign of life, as a write that was never held back is not: the kernel takes some
   * megabytes for an end that died long ago.
   */
  drained(): void {
    this.probe?.restart(this.#deadlines.now);
    this.#unblock();
    this.insertWhatMay();
  }

  /** It is given its time anew for whatever it has to do. */
  restartLimits(now: number): void {
    this.probe?.restart(now);
    if (this.blockedAt !== NOT_YET) this.blockedAt = now;
  }

  #queued(): Insertions {
    this.#insertions ??= noInsertions();
    return this.#insertions;
  }

  #mayInsertMessages(): boolean {
    return this.other.scanner.betweenMessages && this.blockedAt === NOT_YET;
  }

  #insertMessages(queued: Insertions): void {
    for (const frame of queued.messages) this.write(frame);
    queued.messages = [];
    queued.messageBytes = 0;
  }

  // No sign of life: otherwise each ping of ours would put off what it is there to find.
  #insert({ frame, written, flushed }: Insertion): void {
    if (!this.stream.write(frame, flushed)) this.#block();
    written();
  }

  #block(): void {
    if (this.blockedAt !== NOT_YET) return;
    this.blockedAt = this.#deadlines.now;
    this.other.stream.pause();
    this.owner.gotBlocked(this);
  }

  #unblock(): void {
    if (this.blockedAt === NOT_YET) return;
    this.blockedAt = NOT_YET;
    this.other.probe?.restart(this.#deadlines.now);
    this.other.stream.resume();
    this.owner.gotUnblocked(this);
  }
}
