import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { ExchangeBase, type ExchangeFacts, type ExchangeSurroundings } from './exchange-base.ts';
import { ResponseSink } from './response-sink.ts';

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
    clock: Clock,
  ) {
    super(facts, new ResponseSink(request, response, clock), surroundings);
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
