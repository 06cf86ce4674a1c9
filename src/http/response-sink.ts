import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { AnswerSink } from './answer-sink.ts';
import { lingerAndClose } from './linger.ts';
import type { OpenSockets } from './open-sockets.ts';
import { flat, hasNoBody, type PreparedAnswer } from './prepared-answer.ts';
import { bytesOf, exactly, streamBody } from './stream-body.ts';

/** Answers a plain HTTP request. */
export class ResponseSink implements AnswerSink {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  readonly #sockets: Pick<OpenSockets, 'finish'>;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    clock: Clock,
    sockets: Pick<OpenSockets, 'finish'>,
  ) {
    this.#request = request;
    this.#response = response;
    this.#clock = clock;
    this.#sockets = sockets;
  }

  async send(answer: PreparedAnswer): Promise<boolean> {
    const response = this.#response;
    if (response.destroyed || response.headersSent) {
      if (answer.body instanceof Readable) answer.body.destroy();
      return false;
    }
    const length: [string, string][] =
      answer.length === null || hasNoBody(answer.status) ? [] : [['Content-Length', String(answer.length)]];
    response.writeHead(answer.status, flat([...answer.headers, ...length]));
    if (answer.body instanceof Readable) await this.#stream(answer.body, answer.length);
    else await this.#write(answer.body, answer.closes);
    return true;
  }

  async #write(body: Uint8Array, closes: boolean): Promise<void> {
    const response = this.#response;
    const isBare = body.byteLength === 0 || this.#request.method === 'HEAD';
    // Nothing tells when an answer without a body is written that waits for an earlier one.
    if (!closes || (isBare && response.socket === null)) {
      response.end(body);
      return;
    }
    // Node would destroy the socket at the end of the answer, and whatever the client still sends (the rest of its body,
    // further requests) would turn that into a reset. So the answer does not end: the connection does.
    this.#sockets.finish(this.#request.socket);
    this.#request.resume();
    if (isBare) response.flushHeaders();
    else await written(response, body);
    lingerAndClose(this.#request.socket, this.#clock);
  }

  async #stream(body: Readable, length: number | null): Promise<void> {
    if (this.#request.method === 'HEAD') {
      body.destroy();
      this.#response.end();
      return;
    }
    const encode = length === null ? bytesOf : (source: Readable) => exactly(source, length);
    await streamBody(body, encode, this.#response, this.#clock);
  }
}

/** Resolves when the bytes are with the socket, behind all earlier answers, or when that will never be. */
function written(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.write(bytes, () => resolve());
  });
}
