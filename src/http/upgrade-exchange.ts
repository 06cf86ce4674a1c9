import { Readable } from 'node:stream';
import type { Clock } from '../base/clock.ts';
import { WsfwError } from '../base/errors.ts';
import type { Header } from '../base/header-list.ts';
import type { Handshake } from '../websocket/handshake.ts';
import { acceptFor, checkHandshake } from '../websocket/handshake.ts';
import type { Acceptance, AcceptedLeg, UpgradeOffer } from './exchange.ts';
import { ExchangeBase, type ExchangeFacts, type ExchangeSurroundings } from './exchange-base.ts';
import { lingerAndClose } from './linger.ts';
import { checkHeaders, withExtras } from './prepared-answer.ts';
import { formatHead, SocketSink } from './socket-sink.ts';
import type { UndecidedSocket } from './undecided-socket.ts';

const HANDSHAKE_FIELDS =
  /^(?:sec-websocket-(?:accept|protocol|extensions|version|key)|content-length|content-type)$/;

/** A request that asks to become a WebSocket. */
export class UpgradeExchange extends ExchangeBase {
  readonly upgrade: UpgradeOffer | null;
  readonly #undecided: UndecidedSocket;
  /** Called when the socket is no longer HTTP's. */
  readonly #handOver: () => void;
  readonly #clock: Clock;
  #body: Readable | null = null;

  constructor(
    facts: ExchangeFacts,
    surroundings: ExchangeSurroundings,
    undecided: UndecidedSocket,
    clock: Clock,
    handOver: () => void,
  ) {
    super(facts, new SocketSink(undecided, facts, clock), surroundings);
    this.#undecided = undecided;
    this.#clock = clock;
    this.#handOver = handOver;
    const verdict = checkHandshake(facts);
    this.upgrade = verdict.ok ? this.#offer(verdict.handshake) : null;
  }

  /** Always empty: a handshake with a body is none. */
  get body(): Readable {
    this.#body ??= Readable.from([]);
    return this.#body;
  }

  protected override drop(): void {
    this.#undecided.discard();
    lingerAndClose(this.#undecided.socket, this.#clock);
  }

  #offer({ key, subprotocols, extensions }: Handshake): UpgradeOffer {
    const accept = (acceptance: Acceptance) => this.#accept(key, acceptance);
    return { subprotocols, extensions, withdrawal: this.withdrawal, accept };
  }

  async #accept(key: string, acceptance: Acceptance): Promise<AcceptedLeg> {
    this.assertUnanswered();
    const { socket } = this.#undecided;
    const headers = this.#headersOf101(key, acceptance);
    if (this.#undecided.left || !socket.writable) {
      this.abandon();
      throw new WsfwError('WSFW_CLIENT_LEFT');
    }
    const ends = this.accepted();
    const head = this.#undecided.release();
    this.#handOver();
    socket.write(formatHead(101, headers), 'latin1');
    const { subprotocol, extensions } = acceptance;
    return { stream: socket, head, subprotocol, extensions, ...ends };
  }

  // RFC 6455 §4.2.2.
  #headersOf101(key: string, { subprotocol, extensions, headers }: Acceptance): Header[] {
    const own: Header[] = [
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', acceptFor(key)],
    ];
    if (subprotocol !== '') own.push(['Sec-WebSocket-Protocol', subprotocol]);
    if (extensions !== '') own.push(['Sec-WebSocket-Extensions', extensions]);
    const others = withExtras(headers, {
      requestId: this.id,
      serverHeader: this.surroundings.serverHeader,
      added: this.answerHeaders,
    }).filter(([name]) => !HANDSHAKE_FIELDS.test(name.toLowerCase()));
    const all = [...own, ...others];
    checkHeaders(all);
    return all;
  }
}
