import { STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { Header } from '../base/header-list.ts';
import type { AnswerSink } from './answer-sink.ts';
import { lingerAndClose } from './linger.ts';
import { hasNoBody, type PreparedAnswer } from './prepared-answer.ts';
import { bytesOf, chunked, exactly, streamOnto } from './stream-body.ts';
import type { UndecidedSocket } from './undecided-socket.ts';

/** As much of the request as decides how its answer is framed. */
export interface AnsweredRequest {
  readonly method: string;
  readonly httpVersion: string;
}

/** Answers an upgrade with something else than a 101, then ends the connection in good order. */
export class SocketSink implements AnswerSink {
  readonly #undecided: UndecidedSocket;
  readonly #request: AnsweredRequest;
  readonly #clock: Clock;

  constructor(undecided: UndecidedSocket, request: AnsweredRequest, clock: Clock) {
    this.#undecided = undecided;
    this.#request = request;
    this.#clock = clock;
  }

  async send(answer: PreparedAnswer): Promise<boolean> {
    const { socket } = this.#undecided;
    this.#undecided.discard();
    if (socket.destroyed || !socket.writable) {
      socket.destroy();
      if (answer.body instanceof Readable) answer.body.destroy();
      return false;
    }
    const isHead = this.#request.method === 'HEAD';
    // HTTP/1.0 knows no chunked coding: the end of the connection ends the body.
    const chunks = answer.length === null && this.#request.httpVersion !== '1.0';
    socket.cork();
    socket.write(formatHead(answer.status, [...answer.headers, ...framing(answer, chunks)]), 'latin1');
    if (answer.body instanceof Uint8Array && !isHead) socket.write(answer.body);
    socket.uncork();
    if (answer.body instanceof Readable) {
      if (isHead) answer.body.destroy();
      else await this.#stream(answer.body, answer.length, chunks);
    }
    lingerAndClose(socket, this.#clock);
    return true;
  }

  async #stream(body: Readable, length: number | null, chunks: boolean): Promise<void> {
    const { socket } = this.#undecided;
    const isWhole = await streamOnto(body, encoderOf(length, chunks), socket, this.#clock);
    // A reset could destroy what came before it, so it is left for where nothing else tells that the body is not whole.
    if (!isWhole && length === null && !chunks) socket.destroy();
  }
}

/** An answer with a body of bytes as it goes onto the wire. */
export function formatWhole(answer: PreparedAnswer & { readonly body: Uint8Array }): Buffer {
  const head = formatHead(answer.status, [...answer.headers, ...framing(answer, false)]);
  return Buffer.concat([Buffer.from(head, 'latin1'), answer.body]);
}

/** A head as it goes onto the wire; the headers have been checked. */
export function formatHead(status: number, headers: Iterable<Header>): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
  for (const [name, value] of headers) head += `${name}: ${value}\r\n`;
  return `${head}\r\n`;
}

function encoderOf(length: number | null, chunks: boolean): (body: Readable) => AsyncIterable<Uint8Array> {
  if (length !== null) return (body) => exactly(body, length);
  return chunks ? chunked : bytesOf;
}

function framing({ status, length }: PreparedAnswer, chunks: boolean): Header[] {
  if (hasNoBody(status)) return [];
  if (length !== null) return [['Content-Length', String(length)]];
  return chunks ? [['Transfer-Encoding', 'chunked']] : [];
}
