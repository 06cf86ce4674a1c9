import { Readable } from 'node:stream';
import type { Locals } from '../../src/base/connection.ts';
import { WsfwError } from '../../src/base/errors.ts';
import { type Header, HeaderList } from '../../src/base/header-list.ts';
import type { RelayResult } from '../../src/base/relay.ts';
import { Withdrawal } from '../../src/base/withdrawal.ts';
import type { Answer, AnswerResult, Exchange, UpgradeOffer } from '../../src/http/exchange.ts';

export interface FakeRequest {
  readonly method?: string;
  readonly target?: string;
  readonly httpVersion?: string;
  readonly headers?: Iterable<Header>;
  readonly address?: string;
  readonly params?: Readonly<Record<string, string>>;
  /** Default: an offer when the headers are those of `HANDSHAKE`, else `null`. */
  readonly upgrade?: UpgradeOffer | null;
}

/** A valid opening handshake (RFC 6455 §1.3). */
export const HANDSHAKE: readonly Header[] = [
  ['Host', 'gateway.test'],
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ['Sec-WebSocket-Version', '13'],
];

const offer: UpgradeOffer = {
  subprotocols: [],
  extensions: '',
  withdrawal: new Withdrawal(),
  accept: () => Promise.reject(new WsfwError('WSFW_CLIENT_LEFT')),
};

/** An exchange without a network, for what runs before the forwarding. */
export class FakeExchange implements Exchange {
  readonly id = 'request-1';
  readonly method: string;
  readonly target: string;
  readonly httpVersion: string;
  readonly headers: HeaderList;
  readonly params: Readonly<Record<string, string>>;
  readonly route = { name: 'route', pattern: '/ws/*', action: 'action' };
  readonly client: Exchange['client'];
  readonly upgrade: UpgradeOffer | null;
  readonly body = Readable.from([]);
  readonly locals: Locals = new Map();
  readonly outgoing: Exchange['outgoing'];
  readonly answerHeaders = new HeaderList();
  readonly signal = new AbortController().signal;
  /** What was answered, if anything was. */
  answer: Answer | null = null;

  constructor(request: FakeRequest = {}) {
    const { headers = HANDSHAKE, upgrade = headers === HANDSHAKE ? offer : null } = request;
    this.method = request.method ?? 'GET';
    this.target = request.target ?? '/ws/chat';
    this.httpVersion = request.httpVersion ?? '1.1';
    this.headers = new HeaderList(headers);
    this.params = request.params ?? {};
    this.client = { address: request.address ?? '192.0.2.1', encrypted: false };
    this.upgrade = upgrade;
    this.outgoing = {
      headers: this.headers.clone(),
      query: this.target.split('?')[1] ?? '',
      subprotocols: [],
    };
  }

  get answered(): boolean {
    return this.answer !== null;
  }

  respond(answer: Answer): Promise<void> {
    if (this.answer !== null) return Promise.reject(new WsfwError('WSFW_ANSWERED_TWICE'));
    this.answer = answer;
    return Promise.resolve();
  }

  onEnd(_f: (end: RelayResult | AnswerResult) => void): void {}

  /** The value of one of the answer's headers. */
  answerHeader(name: string): string | undefined {
    return new HeaderList(this.answer?.headers).get(name);
  }
}
