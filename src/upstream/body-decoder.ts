import { WsfwError } from '../base/errors.ts';
import type { ResponseHead } from './response-head.ts';

/** Takes the framing off a body (RFC 9112 §6 and §7), as its bytes arrive. */
export interface BodyDecoder {
  /**
   * Hands each piece of content to `emit`; bytes after the end of the body are dropped.
   * @throws WsfwError `WSFW_UPSTREAM_INVALID`
   */
  decode(bytes: Buffer, emit: (content: Buffer) => void): void;
  /** The whole body has come. */
  readonly done: boolean;
  /** Whether the body may end where the connection ends. */
  readonly endsWithConnection: boolean;
}

/** Bytes of one line of the chunked coding, and of all its trailers together. */
const MAX_LINE_BYTES = 1_024;
const MAX_TRAILER_BYTES = 16_384;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/;

const invalid = (detail: string): WsfwError => new WsfwError('WSFW_UPSTREAM_INVALID', detail);

/**
 * How long the body of an answer to a GET is (RFC 9112 §6.3).
 * @throws WsfwError `WSFW_UPSTREAM_INVALID` when the head says it in two ways, or in one that cannot be followed.
 */
export function decoderFor(head: ResponseHead): BodyDecoder {
  const codings = head.headers.getAll('transfer-encoding');
  const lengths = head.headers.getAll('content-length').flatMap((value) => value.split(','));
  if (head.status === 204 || head.status === 304) return new LengthDecoder(0);
  if (codings.length > 0) {
    // Taking either of the two is how answers are smuggled (RFC 9112 §6.1).
    if (lengths.length > 0) throw invalid('the answer has both Content-Length and Transfer-Encoding');
    const known = codings.length === 1 && codings[0]?.toLowerCase() === 'chunked' && head.minor === 1;
    if (!known) throw invalid('the answer has a Transfer-Encoding other than chunked');
    return new ChunkedDecoder();
  }
  const [length] = lengths;
  return length === undefined ? new UntilCloseDecoder() : new LengthDecoder(parseLength(length, lengths));
}

function parseLength(first: string, all: readonly string[]): number {
  const length = first.trim();
  const agreed = all.every((other) => other.trim() === length);
  if (!agreed || !/^\d{1,15}$/.test(length)) throw invalid('the answer has an invalid Content-Length');
  return Number(length);
}

class UntilCloseDecoder implements BodyDecoder {
  readonly done = false;
  readonly endsWithConnection = true;

  decode(bytes: Buffer, emit: (content: Buffer) => void): void {
    if (bytes.length > 0) emit(bytes);
  }
}

class LengthDecoder implements BodyDecoder {
  readonly endsWithConnection = false;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  decode(bytes: Buffer, emit: (content: Buffer) => void): void {
    const content = bytes.subarray(0, this.#left);
    this.#left -= content.length;
    if (content.length > 0) emit(content);
  }
}

/** RFC 9112 §7.1. Chunk extensions and trailers are dropped. */
class ChunkedDecoder implements BodyDecoder {
  readonly endsWithConnection = false;
  #expects: 'size' | 'content' | 'end of chunk' | 'trailer' | 'nothing' = 'size';
  #line = '';
  #left = 0;
  #trailerBytes = 0;

  get done(): boolean {
    return this.#expects === 'nothing';
  }

  decode(bytes: Buffer, emit: (content: Buffer) => void): void {
    let at = 0;
    while (at < bytes.length && !this.done) {
      at = this.#expects === 'content' ? this.#takeContent(bytes, at, emit) : this.#takeLine(bytes, at);
    }
  }

  #takeContent(bytes: Buffer, at: number, emit: (content: Buffer) => void): number {
    const content = bytes.subarray(at, at + this.#left);
    this.#left -= content.length;
    if (this.#left === 0) this.#expects = 'end of chunk';
    emit(content);
    return at + content.length;
  }

  #takeLine(bytes: Buffer, at: number): number {
    const lf = bytes.indexOf(0x0a, at);
    const end = lf === -1 ? bytes.length : lf;
    this.#line += bytes.toString('latin1', at, end);
    if (this.#line.length > MAX_LINE_BYTES) throw invalid('the body has a chunk line that is too long');
    if (lf === -1) return end;
    if (!this.#line.endsWith('\r')) throw invalid('the body has a chunk line that ends without CR');
    const line = this.#line.slice(0, -1);
    this.#line = '';
    this.#endLine(line);
    return end + 1;
  }

  #endLine(line: string): void {
    if (this.#expects === 'size') this.#endSize(line);
    else if (this.#expects === 'trailer') this.#endTrailer(line);
    else if (line === '') this.#expects = 'size';
    else throw invalid('the body has a chunk that is longer than it says');
  }

  #endSize(line: string): void {
    const size = CHUNK_SIZE.exec(line)?.[1];
    if (size === undefined) throw invalid('the body has an invalid chunk size');
    this.#left = Number.parseInt(size, 16);
    this.#expects = this.#left === 0 ? 'trailer' : 'content';
  }

  #endTrailer(line: string): void {
    this.#trailerBytes += line.length + 2;
    if (this.#trailerBytes > MAX_TRAILER_BYTES) throw invalid('the body has trailers that are too long');
    if (line === '') this.#expects = 'nothing';
  }
}
