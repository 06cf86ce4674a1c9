import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { ERRORS, type ErrorCode, WsfwError } from '../base/errors.ts';
import { HeaderList } from '../base/header-list.ts';
import type { Logger } from '../base/logger.ts';
import type { Observer } from '../base/observer.ts';
import type { RouteRef } from '../base/route.ts';
import type { AnswerSink } from './answer-sink.ts';
import { type Arrival, factsOf, type Met } from './arrival.ts';
import { clientReader } from './client-facts.ts';
import type { Answer } from './exchange.ts';
import type { ExchangeSurroundings } from './exchange-base.ts';
import { type HealthRoutes, matchHealth } from './health.ts';
import { RETRY_AFTER_SECONDS } from './limits.ts';
import type { OpenSockets } from './open-sockets.ts';
import { PlainExchange } from './plain-exchange.ts';
import { isHeaderValue, prepareAnswer } from './prepared-answer.ts';
import { problem } from './problem.ts';
import type { ProxiedSource } from './proxy-header.ts';
import { type RequestHead, readHead } from './request-head.ts';
import { requestIdOf } from './request-id.ts';
import { ResponseSink } from './response-sink.ts';
import { serve } from './serve.ts';
import type { Site } from './site.ts';
import { SocketSink } from './socket-sink.ts';
import { compileTrust, type Trust } from './trust.ts';
import type { UndecidedSocket } from './undecided-socket.ts';
import { UpgradeExchange } from './upgrade-exchange.ts';

/** How a listener serves. */
export interface IntakeSettings {
  /** Addresses and CIDR ranges whose `X-Forwarded-*` is believed. */
  readonly trustedProxies: readonly string[];
  readonly healthRoutes: HealthRoutes | null;
  /** `Server` of answers; `''` for none. */
  readonly serverHeader: string;
  /** Undecided upgrades at a time; one more is 503. */
  readonly maxPendingHandshakes: number;
}

export interface IntakeParts {
  readonly settings: IntakeSettings;
  /** Asked at each request, so that a new configuration serves from the next one on. */
  readonly site: () => Site;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: Pick<Observer, 'refused'>;
  /** For the ready route. */
  readonly ready: () => boolean;
  readonly sockets: OpenSockets;
  /** Whose connection a load balancer says it is; `null` when none does. */
  readonly sourceOf: (socket: Duplex) => ProxiedSource | null;
}

/** Takes requests to their routes: reads them, matches, makes the exchange, runs the route. Nothing here rejects. */
export class Intake {
  readonly #parts: IntakeParts;
  #settings: IntakeSettings;
  #trust: Trust;
  #readClient: ReturnType<typeof clientReader>;
  /** Upgrades that nobody has decided on yet, and their sockets. */
  readonly #pending = new Map<UpgradeExchange, Duplex>();
  #draining = false;

  /** @throws `WSFW_CONFIG_INVALID` for a trusted proxy or a `Server` header that is none. */
  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
    this.#trust = trustFor(parts.settings);
    this.#readClient = this.#createReader(this.#trust);
  }

  /**
   * Serves with other settings from the next request on.
   * @throws as the constructor does; nothing has changed then.
   */
  configure(settings: IntakeSettings): void {
    const trust = trustFor(settings);
    // A reader warns of an undeclared proxy once.
    if (settings.trustedProxies.join() !== this.#settings.trustedProxies.join()) {
      this.#trust = trust;
      this.#readClient = this.#createReader(trust);
    }
    this.#settings = settings;
  }

  get serverHeader(): string {
    return this.#settings.serverHeader;
  }

  /** Upgrades that nobody has decided on yet. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Whether an address is one of our own proxies. */
  trusts(address: string): boolean {
    return this.#trust(address);
  }

  /** From now on takes no upgrade, reports itself as not ready, and ends connections with their next answer. */
  drain(): void {
    this.#draining = true;
  }

  /** Answers 503 to every upgrade that is still undecided; their sockets end in good order. */
  turnAway(): void {
    const { sockets, logger } = this.#parts;
    for (const [exchange, socket] of [...this.#pending]) {
      sockets.finish(socket);
      exchange.preempt(unavailable('WSFW_DRAINING', exchange.id, 'draining')).catch((error: unknown) => {
        logger.error({ id: exchange.id, err: error }, 'a handshake could not be refused');
        socket.destroy();
      });
    }
  }

  /** Serves a plain request. */
  async plain(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, logger, sockets } = this.#parts;
    const arrival = this.arrive(request, request.socket, HeaderList.fromRaw(request.rawHeaders));
    const sink = new ResponseSink(request, response, clock, sockets);
    const { met } = arrival;
    if ('status' in met) {
      // A request that makes no sense may be one half of an attempt to smuggle another.
      const closes = met.status === 400 || this.#draining;
      await this.#answer(sink, arrival.id, met, closes);
      return;
    }
    const facts = factsOf(arrival, met);
    const surroundings = this.#surroundings(
      () => this.#draining,
      () => {},
    );
    await serve(new PlainExchange(facts, surroundings, request, response, sink), met.match, clock, logger);
  }

  /** Reads a request and finds its route. The headers are the arrival's from now on. */
  arrive(request: IncomingMessage, socket: Duplex, headers: HeaderList): Arrival {
    const head = readHead(request, headers);
    const id = requestIdOf(headers);
    return { request, id, client: this.#readClient(socket, headers), met: this.#meet(id, head) };
  }

  /** Serves an upgrade. */
  async upgrade(arrival: Arrival, undecided: UndecidedSocket): Promise<void> {
    const { clock, logger } = this.#parts;
    const { met, id } = arrival;
    if ('status' in met) return this.#refuse(arrival, undecided, met, null);
    const { match } = met;
    const shortage = this.#shortage(id);
    if (shortage !== null) return this.#refuse(arrival, undecided, shortage, match.route);
    await serve(this.#exchange(arrival, met, undecided), match, clock, logger);
  }

  /** Refuses an upgrade whatever its route. */
  async refuse(arrival: Arrival, undecided: UndecidedSocket, detail: string): Promise<void> {
    await this.#refuse(arrival, undecided, problem({ status: 400, detail, requestId: arrival.id }), null);
  }

  #createReader(trust: Trust): ReturnType<typeof clientReader> {
    return clientReader(trust, this.#parts.logger, this.#parts.sourceOf);
  }

  /** The head and the route that takes it, or the answer to a request that none takes. */
  #meet(id: string, head: RequestHead | string): Met | Answer {
    if (typeof head === 'string') return problem({ status: 400, detail: head, requestId: id });
    const match = this.#find(head);
    if (match === null) return problem({ status: 500, detail: 'an internal error', requestId: id });
    if ('route' in match) return { head, match };
    if (match.allow.length === 0)
      return problem({ status: 404, detail: 'nothing is served here', requestId: id });
    const headers: [string, string][] = [['Allow', match.allow.join(', ')]];
    return problem({ status: 405, detail: `${head.method} is not served here`, requestId: id, headers });
  }

  #find({ method, path, hostname }: RequestHead) {
    const { ready, site, logger } = this.#parts;
    try {
      const health = matchHealth(this.#settings.healthRoutes, path, () => ready() && !this.#draining);
      return health ?? site().match({ method, path, host: hostname });
    } catch (error) {
      logger.error({ err: error }, 'the routes could not be asked; answered 500');
      return null;
    }
  }

  #shortage(id: string): Answer | null {
    const isFull = this.#pending.size >= this.#settings.maxPendingHandshakes;
    if (this.#draining) return unavailable('WSFW_DRAINING', id, 'draining');
    return isFull
      ? unavailable('WSFW_OVERLOADED', id, 'maxPendingHandshakes handshakes are under way')
      : null;
  }

  #exchange(arrival: Arrival, met: Met, undecided: UndecidedSocket): UpgradeExchange {
    const { sockets, clock } = this.#parts;
    const settled = (status: number, answer: Answer | null) => {
      this.#pending.delete(exchange);
      if (status !== 101) this.#report(arrival, met.match.route, status, answer);
    };
    const exchange: UpgradeExchange = new UpgradeExchange(
      factsOf(arrival, met),
      this.#surroundings(() => true, settled),
      undecided,
      clock,
      () => sockets.release(undecided.socket),
    );
    this.#pending.set(exchange, undecided.socket);
    undecided.whenLeft(() => exchange.leave());
    return exchange;
  }

  #surroundings(closes: () => boolean, settled: ExchangeSurroundings['settled']): ExchangeSurroundings {
    return { serverHeader: this.serverHeader, logger: this.#parts.logger, closes, settled };
  }

  async #refuse(
    arrival: Arrival,
    undecided: UndecidedSocket,
    answer: Answer,
    route: RouteRef | null,
  ): Promise<void> {
    const { method = 'GET', httpVersion } = arrival.request;
    const sink = new SocketSink(undecided, { method, httpVersion }, this.#parts.clock);
    const wasThere = await this.#answer(sink, arrival.id, answer, true);
    this.#report(arrival, route, wasThere ? answer.status : 0, answer);
  }

  #answer(sink: AnswerSink, requestId: string, answer: Answer, closes: boolean): Promise<boolean> {
    const { serverHeader } = this;
    return sink.send(prepareAnswer(answer, { requestId, serverHeader, added: [], closes }));
  }

  #report({ id, client }: Arrival, route: RouteRef | null, status: number, answer: Answer | null): void {
    const { observer, logger } = this.#parts;
    const reason =
      status === 0 ? 'the client left before it was answered' : (answer?.reason ?? `answered ${status}`);
    const error = answer?.error;
    try {
      const refusal = { id, route, clientAddress: client.address, status, reason };
      observer.refused(error === undefined ? refusal : { ...refusal, error });
    } catch (thrown) {
      logger.error({ id, err: thrown }, 'an observer threw');
    }
  }
}

function trustFor({ serverHeader, trustedProxies }: IntakeSettings): Trust {
  if (!isHeaderValue(serverHeader))
    throw new WsfwError('WSFW_CONFIG_INVALID', 'serverHeader has characters that a header cannot carry');
  return compileTrust(trustedProxies);
}

function unavailable(code: ErrorCode, requestId: string, reason: string): Answer {
  return problem({
    status: 503,
    detail: ERRORS[code].what,
    requestId,
    headers: [['Retry-After', RETRY_AFTER_SECONDS]],
    reason,
    error: new WsfwError(code),
  });
}
