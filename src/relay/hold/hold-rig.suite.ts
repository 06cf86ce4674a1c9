import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import type { HoldOptions } from '../../base/hold.ts';
import type { Leg } from '../../base/leg.ts';
import type { Withdrawable } from '../../base/withdrawal.ts';
import { HeldUpstream } from './held-upstream.ts';
import type { Redialed } from './redialing.ts';

/** The gateway's socket to an upstream, played by a test: what the gateway wrote, and what it is to read. */
export class FakeSocket extends Duplex {
  /** What was handed to it, in order. */
  readonly got: Buffer[] = [];
  /** Whether more was handed to it while the network had not taken what was. */
  wasPushed = false;
  /** What it was ended with. */
  farewell: Buffer | null = null;
  #isStalled = false;
  #written: (() => void) | null = null;

  get bytes(): Buffer {
    return Buffer.concat(this.got);
  }

  override write(chunk: Uint8Array, ...rest: never[]): boolean {
    this.got.push(Buffer.from(chunk));
    this.wasPushed ||= this.#written !== null;
    return super.write(chunk, ...rest);
  }

  override end(...args: unknown[]): this {
    if (args[0] instanceof Uint8Array) this.farewell = Buffer.from(args[0]);
    return super.end(...(args as []));
  }

  /** The network takes nothing any more. */
  stall(): void {
    this.#isStalled = true;
  }

  /** It takes everything again. */
  release(): void {
    this.#isStalled = false;
    const written = this.#written;
    this.#written = null;
    written?.();
  }

  override _write(_chunk: Uint8Array, _encoding: string, done: () => void): void {
    if (this.#isStalled) this.#written = done;
    else done();
  }

  override _read(): void {}
}

export const HOLD: HoldOptions = {
  attempts: 1000,
  backoff: { initialMs: 10, maxMs: 100, jitter: 0 },
  bufferBytes: 65_536,
  on: ['lost', 1001, 1012],
};

/** One handshake that the test has to answer. */
interface Dial {
  readonly resumption: number;
  readonly withdrawal: Withdrawable;
  readonly answer: (outcome: Redialed) => void;
}

/** A held upstream whose sockets, handshakes and time are a test's. */
export class HoldRig {
  readonly clock = new ManualClock();
  readonly stream: HeldUpstream;
  /** Its sockets so far. */
  readonly sockets: FakeSocket[] = [];
  readonly dials: Dial[] = [];
  /** What the hold told its owner. */
  readonly told: string[] = [];
  failure: { readonly code: number; readonly detail: string } | null = null;
  readonly #given: Buffer[] = [];

  constructor(options: Partial<HoldOptions> = {}, head: Uint8Array = new Uint8Array(0)) {
    this.stream = new HeldUpstream(
      this.leg(head),
      { ...HOLD, ...options },
      {
        clock: this.clock,
        random: () => 0,
        closeTimeoutMs: 5000,
        redial: (resumption, withdrawal) =>
          new Promise((answer) => this.dials.push({ resumption, withdrawal, answer })),
        owner: {
          held: (detail) => this.told.push(`held: ${detail}`),
          resumed: (heldMs) => this.told.push(`resumed after ${heldMs}`),
          holdFailed: (code, detail) => {
            this.failure = { code, detail };
          },
        },
      },
    );
    this.stream.on('error', () => {});
    this.stream.on('data', (bytes: Buffer) => this.#given.push(Buffer.from(bytes)));
    this.stream.on('end', () => this.stream.end());
  }

  /** What came out towards the client. */
  get given(): Buffer {
    return Buffer.concat(this.#given);
  }

  /** The socket of the moment, or of the last. */
  get socket(): FakeSocket {
    return this.sockets.at(-1) as FakeSocket;
  }

  get isHolding(): boolean {
    return this.stream.stats().holding;
  }

  leg(head: Uint8Array = new Uint8Array(0)): Leg {
    const stream = new FakeSocket();
    this.sockets.push(stream);
    return { stream, head, subprotocol: '', extensions: '' };
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 3; turn++) await nextTurn();
  }

  /** The next handshake, which time has brought. */
  async nextDial(): Promise<Dial> {
    const before = this.dials.length;
    for (let i = 0; i < 10 && this.dials.length === before; i++) {
      this.clock.advance(20);
      await this.settle();
    }
    const dial = this.dials.at(-1);
    if (dial === undefined || this.dials.length === before) throw new Error('nothing was dialed');
    return dial;
  }

  /** Another upstream takes over. */
  async join(head: Uint8Array = new Uint8Array(0)): Promise<FakeSocket> {
    const dial = await this.nextDial();
    dial.answer({ kind: 'joined', leg: this.leg(head) });
    await this.settle();
    return this.socket;
  }
}
