import type { Duplex } from 'node:stream';
import { closeCodeOf } from '../websocket/frame.ts';
import { OPCODES } from '../websocket/opcodes.ts';
import { type Scanner, STEPS } from '../websocket/scanner.ts';
import { VIOLATIONS, type Violation } from '../websocket/violations.ts';
import { ControlAllowance } from './control-allowance.ts';
import type { Deadlines } from './deadlines.ts';
import { type Insertion, type Insertions, MAX_QUEUED_BYTES, noInsertions } from './insertions.ts';

/** Stands for a moment that has not come. */
export const NOT_YET = -1;

/** What a pump tells the relay. Payloads are valid during the call only. */
export interface PumpOwner {
  /** The source closed. Nothing more is scanned; `frame` is not forwarded unless the owner inserts it. */
  pumpSawClose(pump: Pump, frame: Uint8Array, code: number | null): void;
  pumpSawPing(pump: Pump, payload: Uint8Array): void;
  /** @returns whether the pong answers a ping of ours and is taken out. */
  pumpSawPong(pump: Pump, payload: Uint8Array): boolean;
  /** The source broke the protocol. Nothing more is scanned. */
  pumpSawViolation(pump: Pump, violation: Violation): void;
  /** The source sent too many control frames. Nothing more is scanned. */
  pumpSawFlood(pump: Pump): void;
  /** The target does not keep up; reading of the source is paused. */
  pumpBlocked(pump: Pump): void;
  /** The source ended its TCP (FIN), and all that it sent was seen. */
  pumpEnded(pump: Pump): void;
  /** The source's socket is released. */
  pumpClosed(pump: Pump, error: Error | null): void;
}

/**
 * One direction: reads a side, follows its frames, and writes to the other side what Node delivered, as it was
 * delivered. A chunk is cut into views only where a frame has to be put in or taken out.
 */
export class Pump {
  readonly source: Duplex;
  readonly target: Duplex;
  readonly scanner: Scanner;
  /** Coarse times, see `Deadlines.now`. */
  lastByteAt: number;
  lastDataAt: number;
  lastFlushAt = NOT_YET;
  resumedAt = NOT_YET;
  /** Since when the target has not drained what was written to it. */
  blockedAt = NOT_YET;

  readonly #owner: PumpOwner;
  readonly #deadlines: Deadlines;
  readonly #allowance: ControlAllowance | null;
  #scanning = true;
  #writing = true;
  #corked = false;
  #insertions: Insertions | null = null;

  constructor(
    owner: PumpOwner,
    source: Duplex,
    target: Duplex,
    scanner: Scanner,
    deadlines: Deadlines,
    maxControlFrames: number,
  ) {
    this.#owner = owner;
    this.source = source;
    this.target = target;
    this.scanner = scanner;
    this.#deadlines = deadlines;
    this.lastByteAt = deadlines.now;
    this.lastDataAt = deadlines.now;
    this.#allowance = maxControlFrames === 0 ? null : new ControlAllowance(maxControlFrames, deadlines.now);
  }

  /** Begins with the bytes that came with the handshake. */
  start(head: Uint8Array): void {
    const source = this.source;
    source.on('close', this.#sourceOnClose);
    source.on('end', this.#sourceOnEnd);
    if (head.length > 0) this.#sourceOnData(head);
    source.on('data', this.#sourceOnData);
    // What happened before anybody listened is not told again.
    if (source.readableEnded) this.#sourceOnEnd();
    if (source.closed) this.#sourceOnClose();
    if (this.blockedAt === NOT_YET) source.resume();
  }

  get writing(): boolean {
    return this.#writing;
  }

  /** Whether our reading of the source is paused, so that its silence says nothing. */
  get paused(): boolean {
    return this.blockedAt !== NOT_YET;
  }

  /** Reads on, to see the source's FIN and to spare it a reset, but looks at nothing any more. */
  stopScanning(): void {
    this.#scanning = false;
    this.#unblock();
  }

  /** Nothing is written to the target any more; the source is read on and discarded. */
  stopWriting(): void {
    this.#writing = false;
    this.#insertions = null;
    this.#unblock();
  }

  /** Puts a ping in at the end of the frame under way. One that still waits is replaced. */
  insertPing(ping: Insertion): void {
    if (!this.#writing) return;
    this.#queued().ping = ping;
    this.#insertWhatMay();
  }

  /** Puts a close frame in at the end of the frame or message under way; nothing is written after it. */
  insertClose(close: Insertion, atMessage: boolean): void {
    if (!this.#writing) return;
    const queued = this.#queued();
    queued.close = close;
    queued.closeAtMessage = atMessage;
    queued.ping = null;
    this.#insertWhatMay();
  }

  /** A close that waits for the end of a message waits for the end of its frame only from now on. */
  hurryClose(): void {
    if (this.#insertions === null) return;
    this.#insertions.closeAtMessage = false;
    this.#insertWhatMay();
  }

  insertMessage(frame: Uint8Array): 'sent' | 'queued' | 'full' | 'closed' {
    if (!this.#writing || this.#insertions?.close) return 'closed';
    if (this.#insertions === null && this.#mayInsertMessages()) {
      this.#put(frame, this.#targetOnFlush);
      return 'sent';
    }
    const queued = this.#queued();
    if (queued.messageBytes > 0 && queued.messageBytes + frame.length > MAX_QUEUED_BYTES) return 'full';
    queued.messages.push(frame);
    queued.messageBytes += frame.length;
    this.#insertWhatMay();
    return 'queued';
  }

  #queued(): Insertions {
    this.#insertions ??= noInsertions();
    return this.#insertions;
  }

  #mayInsertMessages(): boolean {
    return this.scanner.betweenMessages && this.blockedAt === NOT_YET;
  }

  readonly #sourceOnData = (chunk: Uint8Array): void => {
    this.lastByteAt = this.#deadlines.now;
    if (!this.#scanning) return;
    this.#pump(chunk);
    if (this.#corked) {
      this.#corked = false;
      this.target.uncork();
    }
  };

  readonly #sourceOnEnd = (): void => {
    this.#owner.pumpEnded(this);
  };

  readonly #sourceOnClose = (): void => {
    this.#scanning = false;
    this.source
      .off('data', this.#sourceOnData)
      .off('end', this.#sourceOnEnd)
      .off('close', this.#sourceOnClose);
    this.#owner.pumpClosed(this, this.source.errored);
  };

  readonly #targetOnFlush = (): void => {
    this.lastFlushAt = this.#deadlines.now;
  };

  readonly #targetOnDrain = (): void => {
    this.#unblock();
    this.#insertWhatMay();
  };

  /** Walks the chunk from step to step. `from` is the first byte that is good and not yet written. */
  #pump(chunk: Uint8Array): void {
    const scanner = this.scanner;
    let from = 0;
    let at = 0;
    if (this.#insertions !== null) this.#cork();
    while (at < chunk.length && this.#scanning) {
      if (this.#insertions !== null && scanner.betweenFrames) {
        this.#pass(chunk, from, at);
        from = at;
        this.#insertWhatMay();
      }
      const step = scanner.advance(chunk, at, this.#insertions !== null);
      if (step === STEPS.data) {
        this.lastDataAt = this.#deadlines.now;
        at = scanner.end;
        continue;
      }
      if (this.#isForwarded(step, chunk, from, at)) {
        if (scanner.frame !== null) {
          this.#cork();
          this.#put(scanner.frame, this.#targetOnFlush);
          from = scanner.end;
        }
      } else {
        // Held, taken out, or the last that is looked at: what came before it goes, it does not.
        if (this.#scanning) this.#pass(chunk, from, at);
        from = scanner.end;
      }
      at = scanner.end;
    }
    if (!this.#scanning) return;
    this.#pass(chunk, from, at);
    this.#insertWhatMay();
  }

  /** Decides on a step that is not plain data. Before the owner hears of an end, all good bytes are written. */
  #isForwarded(step: number, chunk: Uint8Array, from: number, at: number): boolean {
    switch (step) {
      case STEPS.header:
        this.lastDataAt = this.#deadlines.now;
        return true;
      case STEPS.emptyFragment:
        this.lastDataAt = this.#deadlines.now;
        return this.#isAllowed(chunk, from, at);
      case STEPS.control:
        return this.#isControlForwarded(chunk, from, at);
      case STEPS.violation:
        this.#finish(chunk, from, at);
        this.#owner.pumpSawViolation(this, this.scanner.violation ?? VIOLATIONS.opcode);
        return false;
      default:
        return false;
    }
  }

  #isControlForwarded(chunk: Uint8Array, from: number, at: number): boolean {
    const { opcode, control } = this.scanner;
    if (opcode === OPCODES.close) {
      const frame = this.scanner.frame ?? chunk.subarray(at, this.scanner.end);
      this.#finish(chunk, from, at);
      this.#owner.pumpSawClose(this, frame, closeCodeOf(control));
      return false;
    }
    if (opcode === OPCODES.pong && this.#owner.pumpSawPong(this, control)) return false;
    if (!this.#isAllowed(chunk, from, at)) return false;
    if (opcode === OPCODES.ping) this.#owner.pumpSawPing(this, control);
    return true;
  }

  #isAllowed(chunk: Uint8Array, from: number, at: number): boolean {
    if (this.#allowance === null || this.#allowance.spend(this.#deadlines.now)) return true;
    this.#finish(chunk, from, at);
    this.#owner.pumpSawFlood(this);
    return false;
  }

  #finish(chunk: Uint8Array, from: number, at: number): void {
    this.#pass(chunk, from, at);
    this.#scanning = false;
  }

  #pass(chunk: Uint8Array, from: number, to: number): void {
    if (from === to || !this.#writing) return;
    if (from === 0 && to === chunk.length) {
      this.#put(chunk, this.#targetOnFlush);
      return;
    }
    this.#cork();
    this.#put(chunk.subarray(from, to), this.#targetOnFlush);
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.target.cork();
  }

  #put(bytes: Uint8Array, flushed: () => void): void {
    if (!this.#writing) return;
    if (!this.target.write(bytes, flushed)) this.#block();
  }

  /** Writes what waited for a boundary, if this is one. */
  #insertWhatMay(): void {
    const queued = this.#insertions;
    if (queued === null || !this.scanner.betweenFrames) return;
    if (queued.ping !== null) {
      this.#insert(queued.ping);
      queued.ping = null;
    }
    if (this.#mayInsertMessages()) {
      const hasToHurry = queued.close !== null && !queued.closeAtMessage;
      if (!hasToHurry) for (const frame of queued.messages) this.#put(frame, this.#targetOnFlush);
      queued.messages = [];
      queued.messageBytes = 0;
    }
    if (queued.close !== null && (!queued.closeAtMessage || this.scanner.betweenMessages)) {
      this.#insert(queued.close);
      return;
    }
    if (queued.close === null && queued.messages.length === 0) this.#insertions = null;
  }

  #insert({ frame, written, flushed }: Insertion): void {
    // Not a sign of life: otherwise each ping of ours would put off what it is there to find.
    this.#put(frame, flushed);
    written();
  }

  #block(): void {
    if (this.blockedAt !== NOT_YET) return;
    this.blockedAt = this.#deadlines.now;
    this.source.pause();
    this.target.on('drain', this.#targetOnDrain);
    this.#owner.pumpBlocked(this);
  }

  #unblock(): void {
    if (this.blockedAt === NOT_YET) return;
    this.blockedAt = NOT_YET;
    this.resumedAt = this.#deadlines.now;
    this.target.off('drain', this.#targetOnDrain);
    this.source.resume();
  }
}
