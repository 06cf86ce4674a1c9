import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { AnswerSink } from './answer-sink.ts';
import { ExchangeBase, type ExchangeFacts, type ExchangeSurroundings } from './exchange-base.ts';

/** A request that is served as plain HTTP. */
export class PlainExchange extends ExchangeBase {
  readonly upgrade = null;
  readonly body: Readable;
  readonly #response: ServerResponse;

  constructor(
    facts: ExchangeFacts,
    surroundings: ExchangeSurroundings,
    request: IncomingMessage,
    response: ServerResponse,
    sink: AnswerSink,
  ) {
    super(facts, sink, surroundings);
    this.body = request;
    this.#response = response;
    response.once('close', () => {
      if (!response.writableFinished) this.leave();
    });
  }

  protected override drop(): void {
    this.#response.destroy();
  }
}
