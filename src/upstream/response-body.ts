import { type Duplex, Readable } from 'node:stream';
import type { Cancel, Clock } from '../base/clock.ts';
import { WsfwError } from '../base/errors.ts';
import { type BodyDecoder, decoderFor } from './body-decoder.ts';
import type { ResponseHead } from './response-head.ts';

/** What a body is read ahead of its reader. */
const READ_AHEAD_BYTES = 16_384;

/** Whose body it is, and how long it may stand still. */
export interface BodySource {
  readonly head: ResponseHead;
  /** Bytes that came with the head. */
  readonly rest: Buffer;
  /** Owned by the body from now on, without listeners of anybody else but one for errors. */
  readonly socket: Duplex;
  readonly clock: Clock;
  /** Milliseconds without progress, upstream's or reader's, after which the body fails. */
  readonly stallMs: number;
}

/**
 * The body of an upstream's answer, without its framing, read only as fast as it is taken. A body that is cut short,
 * malformed or stalled ends in an error, never like a complete one. When it ends, in whatever way, its socket is gone.
 * @throws WsfwError `WSFW_UPSTREAM_INVALID` when the head does not say how long the body is.
 */
export function responseBody(source: BodySource): Readable {
  return new ResponseBody(decoderFor(source.head), source);
}

class ResponseBody extends Readable {
  readonly #decoder: BodyDecoder;
  readonly #socket: Duplex;
  readonly #clock: Clock;
  readonly #stallMs: number;
  #early: Buffer | null;
  #finished = false;
  #stopTimer: Cancel;

  constructor(decoder: BodyDecoder, source: BodySource) {
    super({ highWaterMark: READ_AHEAD_BYTES });
    this.#decoder = decoder;
    this.#socket = source.socket;
    this.#clock = source.clock;
    this.#stallMs = source.stallMs;
    this.#early = source.rest;
    this.#stopTimer = this.#clock.after(this.#stallMs, this.#onStall);
    // An error that comes when nobody reads any more must not end the process.
    this.on('error', () => {});
    this.#socket.pause();
    this.#socket.on('data', this.#onData);
    this.#socket.on('error', this.#onError);
    this.#socket.on('end', this.#onEnd);
    this.#socket.on('close', this.#onEnd);
  }

  override _read(): void {
    this.#progress();
    if (this.#takeEarly()) this.#socket.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#stopTimer();
    this.#socket.off('data', this.#onData);
    this.#socket.off('end', this.#onEnd);
    this.#socket.off('close', this.#onEnd);
    this.#socket.destroy();
    callback(error);
  }

  /** @returns whether the reader takes more. */
  #takeEarly(): boolean {
    const early = this.#early;
    this.#early = null;
    return early === null ? !this.#over : this.#take(early);
  }

  /** @returns whether the reader takes more. */
  #take(bytes: Buffer): boolean {
    let more = true;
    try {
      this.#decoder.decode(bytes, (content) => {
        more = this.push(content);
      });
    } catch (error) {
      this.destroy(error as Error);
      return false;
    }
    if (!this.#decoder.done) return more;
    this.#finish();
    return false;
  }

  get #over(): boolean {
    return this.#finished || this.destroyed;
  }

  #finish(): void {
    this.#finished = true;
    this.#stopTimer();
    this.#socket.destroy();
    this.push(null);
  }

  #progress(): void {
    if (this.#over) return;
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(this.#stallMs, this.#onStall);
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#progress();
    this.#takeEarly();
    if (this.#over || !this.#take(bytes)) this.#socket.pause();
  };

  readonly #onEnd = (): void => {
    this.#takeEarly();
    if (this.#over) return;
    if (this.#decoder.endsWithConnection && !this.#socket.errored) this.#finish();
    else this.destroy(cutShort());
  };

  readonly #onError = (cause: Error): void => {
    if (!this.#over) this.destroy(cutShort(cause));
  };

  readonly #onStall = (): void => {
    this.destroy(new WsfwError('WSFW_UPSTREAM_HANDSHAKE_TIMEOUT', "the upstream's answer stood still"));
  };
}

const cutShort = (cause?: Error): WsfwError =>
  new WsfwError('WSFW_UPSTREAM_UNREACHABLE', "the upstream's answer was cut short", { cause });
