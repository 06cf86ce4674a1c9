import { Readable } from 'node:stream';
import type { Locals } from '../base/connection.ts';
import { type ErrorCode, WsfwError } from '../base/errors.ts';
import { HeaderList } from '../base/header-list.ts';
import type { Logger } from '../base/logger.ts';
import type { RelayResult } from '../base/relay.ts';
import type { RouteRef } from '../base/route.ts';
import { Withdrawal } from '../base/withdrawal.ts';
import type { AnswerSink } from './answer-sink.ts';
import type {
  AcceptedLeg,
  Answer,
  AnswerResult,
  Exchange,
  Outgoing,
  Relayed,
  UpgradeOffer,
} from './exchange.ts';
import { type PreparedAnswer, prepareAnswer } from './prepared-answer.ts';

/** What an exchange is about. */
export interface ExchangeFacts {
  readonly id: string;
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  readonly headers: HeaderList;
  readonly params: Readonly<Record<string, string>>;
  readonly route: RouteRef;
  readonly client: { readonly address: string; readonly encrypted: boolean };
  readonly outgoing: Outgoing;
}

/** What an exchange needs of its listener. */
export interface ExchangeSurroundings {
  readonly serverHeader: string;
  readonly logger: Logger;
  /** Whether the connection is to end with the answer. */
  closes(): boolean;
  /** Told once, when it is settled how the request was answered; `status` 0: the client had left. */
  settled(status: number, answer: Answer | null): void;
}

type EndHook = (end: RelayResult | AnswerResult) => void;

/** What a plain request and an upgrade have in common. */
export abstract class ExchangeBase implements Exchange {
  readonly id: string;
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  readonly headers: HeaderList;
  readonly params: Readonly<Record<string, string>>;
  readonly route: RouteRef;
  readonly client: { readonly address: string; readonly encrypted: boolean };
  readonly outgoing: Outgoing;
  abstract readonly body: Readable;
  readonly locals: Locals = new Map();
  readonly answerHeaders = new HeaderList();
  abstract readonly upgrade: UpgradeOffer | null;
  protected readonly surroundings: ExchangeSurroundings;
  readonly #sink: AnswerSink;
  /** Withdrawn when the client leaves, or when it is answered in the route's place. */
  protected readonly withdrawal = new Withdrawal();
  /** Made when somebody asks: it is the costliest part of an exchange. */
  #abort: AbortController | null = null;
  #withdrawnFor: ErrorCode = 'WSFW_CLIENT_LEFT';
  #endHooks: EndHook[] = [];
  #end: RelayResult | AnswerResult | null = null;
  /** What became of it, if somebody relays who tells only the functions that there were by then. */
  #relayed: Relayed | null = null;
  #answered = false;

  constructor(facts: ExchangeFacts, sink: AnswerSink, surroundings: ExchangeSurroundings) {
    this.id = facts.id;
    this.method = facts.method;
    this.target = facts.target;
    this.httpVersion = facts.httpVersion;
    this.headers = facts.headers;
    this.params = facts.params;
    this.route = facts.route;
    this.client = facts.client;
    this.outgoing = facts.outgoing;
    this.#sink = sink;
    this.surroundings = surroundings;
  }

  get answered(): boolean {
    return this.#answered;
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      const abort = new AbortController();
      this.#abort = abort;
      const tell = () => abort.abort(new WsfwError(this.#withdrawnFor));
      if (this.withdrawal.withdrawn) tell();
      else this.withdrawal.onWithdrawn(tell);
    }
    return this.#abort.signal;
  }

  async respond(answer: Answer): Promise<void> {
    this.assertUnanswered();
    await this.#send(answer, this.#prepare(answer));
  }

  /** Answers, without what the route wanted added if that is what cannot be sent. */
  async respondForSure(answer: Answer): Promise<void> {
    this.assertUnanswered();
    let prepared: PreparedAnswer;
    try {
      prepared = this.#prepare(answer);
    } catch (error) {
      const { logger } = this.surroundings;
      logger.error({ id: this.id, err: error }, 'a plugin added a header that cannot be sent');
      this.answerHeaders.filter(() => false);
      prepared = this.#prepare(answer);
    }
    await this.#send(answer, prepared);
  }

  onEnd(f: EndHook): void {
    if (this.#end !== null) this.#run([f], this.#end);
    else if (this.#relayed === null) this.#endHooks.push(f);
    else void this.#relayed.ended.then((end) => this.#run([f], end));
  }

  /** Whether the client left before it was answered. */
  get left(): boolean {
    return this.withdrawal.withdrawn;
  }

  /** The client left: tells the route, unless it was answered before. */
  leave(): void {
    if (!this.#answered && !this.left) this.withdrawal.withdraw();
  }

  /** Answers in the place of the route, which is told. */
  async preempt(answer: Answer): Promise<void> {
    if (this.#answered) return;
    const answered = this.respondForSure(answer);
    this.#withdrawnFor = 'WSFW_DRAINING';
    this.withdrawal.withdraw();
    await answered;
  }

  /** Nobody will answer any more, since the client has left. */
  abandon(): void {
    if (this.#answered) return;
    this.#answered = true;
    this.drop();
    this.finish(0, null);
  }

  /** Ends the connection without an answer. */
  protected abstract drop(): void;

  protected assertUnanswered(): void {
    if (this.#answered) throw new WsfwError('WSFW_ANSWERED_TWICE');
  }

  #prepare(answer: Answer): PreparedAnswer {
    return prepareAnswer(answer, {
      requestId: this.id,
      serverHeader: this.surroundings.serverHeader,
      added: this.answerHeaders,
      closes: this.surroundings.closes(),
    });
  }

  async #send(answer: Answer, prepared: PreparedAnswer): Promise<void> {
    this.#answered = true;
    // One of a 204 or 304 is not sent; whoever gave it does not look after it any more.
    if (answer.body instanceof Readable && answer.body !== prepared.body) answer.body.destroy();
    const wasThere = await this.#sink.send(prepared);
    this.finish(wasThere ? answer.status : 0, answer);
  }

  protected finish(status: number, answer: Answer | null): void {
    const end = { status };
    const hooks = this.#endWith(end);
    this.surroundings.settled(status, answer);
    this.#run(hooks, end);
  }

  /** Marks the exchange as answered by a 101, and hands the end over to whoever relays. */
  protected accepted(): Pick<AcceptedLeg, 'ended' | 'relayedBy'> {
    this.#answered = true;
    this.surroundings.settled(101, null);
    return {
      ended: (end) => this.#run(this.#endWith(end), end),
      relayedBy: (connection) => this.#relayedBy(connection),
    };
  }

  #relayedBy(connection: Relayed): EndHook {
    this.#relayed = connection;
    const [first = ignoreEnd, ...others] = this.#takeHooks();
    // Kept for as long as the connection lives, so it is no closure where one function will do.
    return others.length === 0 ? first : forAll([first, ...others], this.surroundings.logger, this.id);
  }

  /** @returns whom to tell. */
  #endWith(end: RelayResult | AnswerResult): readonly EndHook[] {
    this.#end = end;
    return this.#takeHooks();
  }

  #takeHooks(): readonly EndHook[] {
    const hooks = this.#endHooks;
    this.#endHooks = [];
    return hooks;
  }

  #run(hooks: readonly EndHook[], end: RelayResult | AnswerResult): void {
    runHooks(hooks, end, this.surroundings.logger, this.id);
  }
}

const ignoreEnd: EndHook = () => {};

// A function of its own, so that what waits for days holds on to nothing of the request.
function forAll(hooks: readonly EndHook[], logger: Logger, id: string): EndHook {
  return (end) => runHooks(hooks, end, logger, id);
}

function runHooks(
  hooks: readonly EndHook[],
  end: RelayResult | AnswerResult,
  logger: Logger,
  id: string,
): void {
  for (const hook of hooks) {
    try {
      hook(end);
    } catch (error) {
      logger.error({ id, err: error }, 'a plugin threw when it was told how a request ended');
    }
  }
}
