import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../base/clock.ts';
import type { Header } from '../../base/header-list.ts';
import type { Withdrawable } from '../../base/withdrawal.ts';
import { encodeClose, encodeFrame } from '../../websocket/frame.ts';
import { OPCODES } from '../../websocket/opcodes.ts';
import { Scanner, STEPS } from '../../websocket/scanner.ts';
import type { Dial } from '../dial-contract.ts';
import type { Place } from '../pool/member.ts';

interface WebSocketProbeParts {
  readonly dial: Dial;
  readonly clock: Clock;
  readonly headers: readonly Header[];
  readonly timeoutMs: number;
}

/** Performs a handshake and a ping, and closes with 1000. */
export async function probeWebSocket(
  { endpoint, tls }: Place,
  target: string,
  { dial, clock, headers, timeoutMs }: WebSocketProbeParts,
  withdrawal: Withdrawable,
): Promise<void> {
  const outcome = await dial({
    endpoint,
    tls,
    target,
    host: endpoint.authority,
    subprotocols: [],
    extensions: '',
    headers,
    connectTimeoutMs: timeoutMs,
    deadlineMs: clock.now() + timeoutMs,
    stallMs: timeoutMs,
    withdrawal,
  });
  if (outcome.kind === 'answer') {
    outcome.body.destroy();
    throw new Error(`answered ${outcome.status}`);
  }
  const { stream, head } = outcome.leg;
  const stopWaiting = withdrawal.onWithdrawn(() => void stream.destroy());
  if (withdrawal.withdrawn) stream.destroy();
  try {
    await new Conversation(stream).run(head);
  } finally {
    stopWaiting();
    stream.destroy();
  }
}

/** Ping, pong, close, close. Whatever else the upstream sends is passed over. */
class Conversation {
  readonly #stream: Duplex;
  readonly #scanner = new Scanner(false, false, 0);
  readonly #token = randomBytes(4);
  #answered = false;
  #over = false;
  #settle: { resolve: () => void; reject: (error: Error) => void } = { resolve() {}, reject() {} };

  constructor(stream: Duplex) {
    this.#stream = stream;
  }

  /** Resolves when the ping was answered and the connection has ended. */
  run(head: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#stream.on('error', (error) => this.#ended(error));
      this.#stream.on('end', () => this.#ended(new Error('ended the connection before its pong')));
      this.#stream.on('close', () => this.#ended(new Error('the connection was closed before its pong')));
      // It may be gone already, and would say nothing more.
      if (this.#stream.destroyed) {
        this.#ended(new Error('the connection was lost'));
        return;
      }
      this.#send(OPCODES.ping, this.#token);
      this.#take(head);
      this.#stream.on('data', (bytes: Buffer) => this.#take(bytes));
      this.#stream.resume();
    });
  }

  #take(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at = this.#scanner.end) {
      const step = this.#scanner.advance(bytes, at, false);
      if (step === STEPS.violation) this.#ended(new Error('sent an invalid frame'));
      else if (step === STEPS.control) this.#onControl(this.#scanner.opcode, this.#scanner.control);
      if (this.#over) return;
    }
  }

  #onControl(opcode: number, payload: Uint8Array): void {
    if (opcode === OPCODES.close) {
      this.#stream.end();
      this.#ended(new Error('closed before its pong'));
    } else if (opcode === OPCODES.ping) this.#send(OPCODES.pong, payload);
    else if (!this.#answered && Buffer.compare(payload, this.#token) === 0) {
      this.#answered = true;
      this.#stream.write(encodeClose(1000, 'health check', randomBytes(4)));
    }
  }

  #send(opcode: number, payload: Uint8Array): void {
    this.#stream.write(encodeFrame(opcode, payload, randomBytes(4)));
  }

  /** However it ended: with its pong the endpoint has shown what it was asked to. */
  #ended(error: Error): void {
    this.#over = true;
    if (this.#answered) this.#settle.resolve();
    else this.#settle.reject(error);
  }
}
