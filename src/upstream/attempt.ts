import type { LookupFunction, Socket } from 'node:net';
import { destroyBroken } from '../base/broken-socket.ts';
import type { Cancel, Clock } from '../base/clock.ts';
import { WsfwError } from '../base/errors.ts';
import { checkAgreement } from '../websocket/handshake.ts';
import type { DialOutcome, DialRequest } from './dial-contract.ts';
import { type DialStage, dialEnded, dialError, dialTimeout } from './dial-error.ts';
import { acceptedHeaders, endToEnd } from './end-to-end.ts';
import { openSocket } from './open-socket.ts';
import { requestHead } from './request-head.ts';
import { responseBody } from './response-body.ts';
import { type ResponseHead, ResponseHeadParser } from './response-head.ts';

const KEEP_ALIVE_MS = 60_000;

const nothing = (): void => {};

/** One connection's way to its answer. Nothing refers to it once it is settled. */
export class Attempt {
  readonly #request: DialRequest;
  readonly #clock: Clock;
  readonly #resolve: (outcome: DialOutcome) => void;
  readonly #reject: (error: Error) => void;
  readonly #key: string;
  readonly #parser = new ResponseHeadParser();
  #stage: DialStage = 'connect';
  #head = '';
  #socket: Socket | null = null;
  #stopTimer: Cancel = nothing;
  #stopWaiting: Cancel = nothing;

  constructor(
    request: DialRequest,
    key: string,
    clock: Clock,
    resolve: (outcome: DialOutcome) => void,
    reject: (error: Error) => void,
  ) {
    this.#request = request;
    this.#key = key;
    this.#clock = clock;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** What it throws rejects the promise around it. */
  start(lookup: LookupFunction): void {
    const { endpoint, tls, withdrawal, connectTimeoutMs } = this.#request;
    this.#head = requestHead(this.#request, this.#key);
    if (withdrawal.withdrawn) throw new WsfwError('WSFW_CLIENT_LEFT');
    const socket = openSocket(endpoint, tls, lookup, connectTimeoutMs);
    this.#socket = socket;
    socket.on('error', destroyBroken);
    socket.on('error', this.#onError);
    socket.on('close', this.#onClose);
    socket.on('end', this.#onClose);
    socket.on('connect', this.#onConnect);
    if (tls !== null) socket.on('secureConnect', this.#onReady);
    this.#stopWaiting = withdrawal.onWithdrawn(this.#onWithdrawn);
    const leftMs = this.#leftMs();
    if (leftMs <= connectTimeoutMs) this.#stopTimer = this.#clock.after(leftMs, this.#onDeadline);
    else this.#stopTimer = this.#clock.after(connectTimeoutMs, this.#onConnectTimeout);
  }

  #leftMs(): number {
    return Math.max(0, this.#request.deadlineMs - this.#clock.now());
  }

  readonly #onConnect = (): void => {
    if (this.#request.tls === null) this.#onReady();
    else this.#stage = 'tls';
  };

  readonly #onReady = (): void => {
    const socket = this.#socket;
    if (socket === null) return;
    this.#stage = 'answer';
    this.#stopTimer();
    this.#stopTimer = this.#clock.after(this.#leftMs(), this.#onDeadline);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.on('data', this.#onData);
    socket.write(this.#head, 'latin1');
  };

  readonly #onData = (bytes: Buffer): void => {
    const socket = this.#socket;
    if (socket === null) return;
    this.#stage = 'begun';
    try {
      const answer = this.#parser.push(bytes);
      if (answer !== null) this.#settle(socket, answer.head, answer.rest);
    } catch (error) {
      this.#fail(dialError(this.#request.endpoint.name, this.#stage, error as Error));
    }
  };

  #settle(socket: Socket, head: ResponseHead, rest: Buffer): void {
    const outcome =
      head.status === 101 ? this.#accepted(socket, head, rest) : this.#answered(socket, head, rest);
    this.#release();
    this.#resolve(outcome);
  }

  #accepted(socket: Socket, head: ResponseHead, rest: Buffer): DialOutcome {
    const { subprotocols, extensions } = this.#request;
    const verdict = checkAgreement(head.headers, { key: this.#key, subprotocols, extensions });
    if (!verdict.ok) throw new WsfwError('WSFW_UPSTREAM_INVALID', `the 101 is invalid: ${verdict.detail}`);
    if (head.minor === 0) throw new WsfwError('WSFW_UPSTREAM_INVALID', 'the 101 is one of HTTP/1.0');
    const leg = { stream: socket, head: rest, ...verdict.agreement };
    return { kind: 'accepted', leg, headers: acceptedHeaders(head.headers) };
  }

  #answered(socket: Socket, head: ResponseHead, rest: Buffer): DialOutcome {
    const body = responseBody({ head, rest, socket, clock: this.#clock, stallMs: this.#request.stallMs });
    return { kind: 'answer', status: head.status, headers: endToEnd(head.headers), body };
  }

  readonly #onError = (error: Error): void => {
    this.#fail(dialError(this.#request.endpoint.name, this.#stage, error));
  };

  readonly #onClose = (): void => {
    this.#fail(dialEnded(this.#request.endpoint.name, this.#stage));
  };

  readonly #onConnectTimeout = (): void => {
    this.#fail(dialTimeout(this.#request.endpoint.name, this.#stage, 'WSFW_UPSTREAM_CONNECT_TIMEOUT'));
  };

  readonly #onDeadline = (): void => {
    this.#fail(dialTimeout(this.#request.endpoint.name, this.#stage, 'WSFW_UPSTREAM_HANDSHAKE_TIMEOUT'));
  };

  readonly #onWithdrawn = (): void => {
    this.#fail(new WsfwError('WSFW_CLIENT_LEFT'));
  };

  #fail(error: WsfwError): void {
    const socket = this.#socket;
    this.#release();
    socket?.destroy();
    this.#reject(error);
  }

  /** Takes everything off the socket but the listener that ends it when it breaks. */
  #release(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#stopTimer();
    this.#stopWaiting();
    socket?.off('error', this.#onError);
    socket?.off('close', this.#onClose);
    socket?.off('end', this.#onClose);
    socket?.off('connect', this.#onConnect);
    socket?.off('secureConnect', this.#onReady);
    // What follows the answer waits for whoever has the socket next.
    socket?.pause();
    socket?.off('data', this.#onData);
  }
}
