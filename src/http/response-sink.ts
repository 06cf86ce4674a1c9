import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import type { AnswerSink } from './answer-sink.ts';
import { LINGER_MS } from './limits.ts';
import { flat, hasNoBody, type PreparedAnswer } from './prepared-answer.ts';
import { bytesOf, exactly, streamBody } from './stream-body.ts';

/** Answers a plain HTTP request. */
export class ResponseSink implements AnswerSink {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #clock: Clock;

  constructor(request: IncomingMessage, response: ServerResponse, clock: Clock) {
    this.#request = request;
    this.#response = response;
    this.#clock = clock;
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
    if (!closes || this.#request.complete) {
      this.#response.end(body);
      return;
    }
    // Node closes at the end of the answer, and what the client still sends would turn that into a reset.
    if (body.byteLength > 0) this.#response.write(body);
    else this.#response.flushHeaders();
    await this.#requestRead();
    this.#response.end();
  }

  #requestRead(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(LINGER_MS, resolve);
      const done = () => {
        cancel();
        resolve();
      };
      this.#request.once('end', done).once('close', done).resume();
    });
  }

  async #stream(body: Readable, length: number | null): Promise<void> {
    if (this.#request.method === 'HEAD') {
      body.destroy();
      this.#response.end();
      return;
    }
    const encode = length === null ? bytesOf : (source: Readable) => exactly(source, length);
    await streamBody(body, encode, this.#response, true, this.#clock);
  }
}
