import { Duplex } from 'node:stream';
import type { HoldOptions, HoldStats, HoldTrigger } from '../../base/hold.ts';
import type { Leg } from '../../base/leg.ts';
import { CLOSE_CODES } from '../../websocket/close-codes.ts';
import { closeCodeOf, encodeFrame } from '../../websocket/frame.ts';
import { OPCODES } from '../../websocket/opcodes.ts';
import { resetStream } from '../stream.ts';
import { Departure } from './departure.ts';
import { FrameFollower, type FrameSink } from './frame-follower.ts';
import { KeptMessages } from './kept-messages.ts';
import { Line, type LineOwner } from './line.ts';
import { Redialing, type RedialingParts } from './redialing.ts';
import { UnansweredPings } from './unanswered-pings.ts';

/** High-water marks of each direction, as of a socket. */
const BUFFER_BYTES = 16 * 1024;

/** Answers to pings of a client that does not read them, at most: it need only get the latest (RFC 6455 §5.5.3). */
const MAX_UNREAD_BYTES = 64 * 1024;

/** What a held upstream works with. */
export interface HeldUpstreamParts extends RedialingParts {
  /** Milliseconds for an upstream that closed to end its TCP. */
  readonly closeTimeoutMs: number;
  readonly owner: HoldOwner;
}

/** Hears how a hold goes. None of it comes before the stream was first read. */
export interface HoldOwner {
  /** The upstream is gone, and another is looked for. */
  held(detail: string): void;
  /** Another upstream took over after `heldMs`. */
  resumed(heldMs: number): void;
  /** No upstream will take over: the client has to be told, now that it has got all that came before. */
  holdFailed(code: 1008 | 1012, detail: string): void;
}

/** What the writer is told once its chunks are done with. */
type Done = (error?: Error | null) => void;

/**
 * The upstream of a client with `hold`: a stream that outlives the sockets that it is made of. While there is none, it
 * keeps the client's messages, answers its pings, and dials again. Messages of which no byte was handed to a lost socket
 * go to the next one, once and in order; what was handed to it is never sent again, since nobody knows how far it came.
 *
 *     joined ──lost or gone, between two messages──▶ holding ──another upstream──▶ joined
 *        └── in the middle of one ──▶ failed ◀── refused, or out of attempts ──┘
 *
 * Once either end closes the connection, or breaks the protocol, it is an ordinary socket to its last upstream.
 */
export class HeldUpstream extends Duplex implements LineOwner {
  readonly #options: HoldOptions;
  readonly #parts: HeldUpstreamParts;
  readonly #redialing: Redialing;
  /** Follows what comes from the client. */
  readonly #client = new FrameFollower(true);
  readonly #pings = new UnansweredPings();
  /** `null` while there is no upstream. */
  #line: Line | null;
  #departure: Departure | null = null;
  /** What still has to go to the upstream before anything else. */
  #kept = new KeptMessages();
  /** Chunks that have not been looked at, and whom to tell when they are done with. */
  #waiting: { readonly chunks: readonly Uint8Array[]; readonly done: Done } | null = null;
  /** Whether one of the two ends is closing, so that a loss is what it looks like. */
  #isClosing = false;
  #isHolding = false;
  #isReset = false;
  #hasEnded = false;
  #failure: { readonly code: 1008 | 1012; readonly detail: string } | null = null;
  #heldSince = 0;
  #heldMs = 0;
  #resumed = 0;

  constructor(leg: Leg, options: HoldOptions, parts: HeldUpstreamParts) {
    super({ readableHighWaterMark: BUFFER_BYTES, writableHighWaterMark: BUFFER_BYTES });
    this.#options = options;
    this.#parts = parts;
    this.#redialing = new Redialing(options, parts, this);
    this.#line = new Line(leg, this);
    // Before any other listener: the cause is known when the stream ends.
    this.once('end', () => this.#tellFailure());
  }

  stats(): HoldStats {
    const sinceMs = this.#isHolding ? this.#parts.clock.now() - this.#heldSince : 0;
    return { holding: this.#isHolding, resumed: this.#resumed, heldMs: this.#heldMs + sinceMs };
  }

  /**
   * Takes the blame for an upstream that is silent or does not read.
   * @returns false when that is the end of the connection.
   */
  excuses(cause: 'silent' | 'slow'): boolean {
    if (this.#isHolding || this.#failure !== null) return true;
    const line = this.#line;
    if (line === null || cause === 'slow' || !this.#mayHold('lost')) return false;
    this.#lose(line, 'the upstream did not answer pings', null);
    resetStream(line.socket);
    return true;
  }

  /** The connection is ending: nobody is to be held any more, and who is has nobody to say goodbye to. */
  letGo(): void {
    this.#isClosing = true;
    if (this.#isHolding || this.#line?.socket.destroyed) this.destroy();
  }

  /** As of a socket: its end is a reset, even if nothing waits to be written. */
  resetAndDestroy(): void {
    this.#isReset = true;
    this.destroy();
  }

  // What the relay does.

  override _read(): void {
    this.#line?.start();
    this.#line?.resume();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.#take([chunk], done);
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    this.#take(
      chunks.map(({ chunk }) => chunk),
      done,
    );
  }

  override _final(done: Done): void {
    this.#isClosing = true;
    if (this.#line === null) {
      this.#over();
      done();
    } else if (this.#kept.isEmpty) this.#line.socket.end(() => done());
    else this.#waiting = { chunks: [], done: () => this._final(done) };
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#over();
    const line = this.#line;
    this.#line = null;
    this.#waiting = null;
    line?.leave();
    if (line !== null && (this.#isReset || line.socket.writableLength > 0)) resetStream(line.socket);
    else line?.socket.destroy();
    this.#departure?.hurry();
    done(error);
  }

  // From the client.

  #take(chunks: readonly Uint8Array[], done: Done): void {
    const line = this.#line;
    if (line !== null) {
      if (line.takesMore && this.#kept.isEmpty) this.#hand(line, chunks, done);
      else this.#waiting = { chunks, done };
      return;
    }
    if (this.#isHolding) for (const chunk of chunks) this.#client.follow(chunk, this.#keeping);
    if (!this.#isHolding || this.#kept.bytes < this.#options.bufferBytes) done();
    else this.#waiting = { chunks: [], done };
  }

  #hand(line: Line, chunks: readonly Uint8Array[], done: Done): void {
    const pieces: Uint8Array[] = [];
    const handing = this.#handing(pieces);
    for (const chunk of chunks) this.#client.follow(chunk, handing);
    if (pieces.length === 0 || line.write(pieces)) done();
    else this.#waiting = { chunks: [], done };
  }

  #handing(pieces: Uint8Array[]): FrameSink {
    const pass = (bytes: Uint8Array): void => void pieces.push(bytes);
    return {
      data: pass,
      control: (opcode, payload, frame) => {
        if (opcode === OPCODES.ping) this.#pings.sent(payload);
        if (opcode === OPCODES.close) this.#isClosing = true;
        pass(frame);
        return true;
      },
      broken: (bytes) => {
        this.#isClosing = true;
        pass(bytes);
      },
    };
  }

  readonly #keeping: FrameSink = {
    data: (bytes) => this.#kept.add(bytes),
    control: (opcode, payload) => {
      if (opcode === OPCODES.ping) this.#answer(payload);
      // There is nobody to close, and nobody to wait for.
      if (opcode === OPCODES.close) this.destroy();
      // A pong answers the lost upstream, which does not hear it any more.
      return opcode !== OPCODES.close;
    },
    broken: () => void this.destroy(),
  };

  #answer(ping: Uint8Array): void {
    if (this.readableLength < MAX_UNREAD_BYTES) this.push(encodeFrame(OPCODES.pong, ping, null));
  }

  /** Sends what was kept, then goes on with what waits. */
  #flush(line: Line): void {
    while (!this.#kept.isEmpty) {
      if (!line.takesMore || !line.write([this.#kept.next()])) return;
    }
    this.#goOn();
  }

  #goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting !== null) this.#take(waiting.chunks, waiting.done);
  }

  // From the upstream.

  data(bytes: Uint8Array): void {
    this.#give(bytes);
  }

  control(opcode: number, payload: Uint8Array, frame: Uint8Array): boolean {
    const line = this.#line;
    if (opcode === OPCODES.pong) this.#pings.answered(payload);
    if (opcode === OPCODES.close && line !== null) {
      const code = closeCodeOf(payload) ?? CLOSE_CODES.noCode;
      if (isTrigger(code) && this.#mayHold(code)) {
        this.#lose(line, `the upstream closed with ${code}`, code);
        return false;
      }
      this.#isClosing = true;
    }
    this.#give(frame);
    return true;
  }

  broken(bytes: Uint8Array): void {
    this.#isClosing = true;
    this.#give(bytes);
  }

  #give(bytes: Uint8Array): void {
    if (!this.#hasEnded && !this.push(bytes)) this.#line?.pause();
  }

  lineFlushed(line: Line): void {
    this.#flush(line);
  }

  lineEnded(line: Line): void {
    if (!this.#mayHold('lost')) {
      this.#end();
      return;
    }
    this.#lose(line, 'the upstream ended its connection', null);
    line.socket.destroy();
  }

  lineClosed(line: Line, error: Error | null): void {
    if (this.#mayHold('lost')) {
      this.#lose(line, `the upstream was lost${error === null ? '' : `: ${error.message}`}`, null);
      return;
    }
    line.leave();
    this.#line = null;
    if (error === null) this.#end();
    else this.destroy(error);
    this.#goOn();
  }

  #end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.push(null);
  }

  // The hold.

  #mayHold(trigger: HoldTrigger): boolean {
    return !this.#isClosing && !this.destroyed && this.#options.on.includes(trigger);
  }

  #lose(line: Line, detail: string, code: number | null): void {
    const { clock, closeTimeoutMs, owner } = this.#parts;
    const clientIsCut = this.#kept.isEmpty ? !this.#client.betweenMessages : this.#kept.isMidMessage;
    const isCut = clientIsCut || !line.betweenMessages;
    line.leave();
    this.#line = null;
    this.#departure?.hurry();
    this.#departure = code === null || isCut ? null : new Departure(line.socket, code, clock, closeTimeoutMs);
    if (isCut) {
      line.socket.destroy();
      this.#fail(1012, `${detail} in the middle of a message`);
      return;
    }
    if (this.#kept.isEmpty) this.#kept = new KeptMessages();
    this.#isHolding = true;
    this.#heldSince = clock.now();
    owner.held(detail);
    for (const payload of this.#pings.take()) this.#answer(payload);
    this.#redialing.start();
    this.#goOn();
  }

  joined(leg: Leg): void {
    const heldMs = this.#parts.clock.now() - this.#heldSince;
    const line = new Line(leg, this);
    this.#isHolding = false;
    this.#heldMs += heldMs;
    this.#resumed++;
    this.#line = line;
    this.#parts.owner.resumed(heldMs);
    line.start();
    if (this.#line === line) this.#flush(line);
  }

  gaveUp(code: 1008 | 1012, detail: string): void {
    this.#fail(code, detail);
  }

  #fail(code: 1008 | 1012, detail: string): void {
    this.#over();
    this.#failure = { code, detail };
    this.#end();
    this.#goOn();
  }

  #tellFailure(): void {
    if (this.#failure !== null) this.#parts.owner.holdFailed(this.#failure.code, this.#failure.detail);
  }

  /** There will be no other upstream. */
  #over(): void {
    this.#isClosing = true;
    if (this.#isHolding) this.#heldMs += this.#parts.clock.now() - this.#heldSince;
    this.#isHolding = false;
    this.#kept = new KeptMessages();
    this.#redialing.stop();
  }
}

const isTrigger = (code: number): code is 1001 | 1012 =>
  code === CLOSE_CODES.goingAway || code === CLOSE_CODES.serviceRestart;
