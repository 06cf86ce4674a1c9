import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { DEADLINE_MS, within } from '../../../test/support/deadline.ts';
import { OPCODE } from '../../../test/support/frames.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { RawConnection } from '../../../test/support/raw-connection.ts';
import { StrictReader } from '../../../test/support/strict-reader.ts';
import type { Clock } from '../../base/clock.ts';
import type { Leg } from '../../base/leg.ts';
import type { Relay, RelayEngine, RelayOptions, RelayOwner, RelayResult } from '../../base/relay.ts';
import { SocketSource, settle } from './sockets.suite.ts';

/** Makes the engine under test. */
export type MakeEngine = (parts: { clock: Clock; random: () => number }) => RelayEngine;

/** Nothing is limited but closing. */
export const NO_LIMITS: RelayOptions = {
  pingIntervalMs: 0,
  pongTimeoutMs: 0,
  maxInactivityMs: 0,
  closeTimeoutMs: 5000,
  writeTimeoutMs: 0,
  maxMessageBytes: 0,
  maxControlFrames: 0,
};

/** How the specification's example beats: every 10 seconds, dead after 30. */
export const HEARTBEATS: Partial<RelayOptions> = { pingIntervalMs: 10_000, pongTimeoutMs: 30_000 };

export interface RigOptions {
  readonly options?: Partial<RelayOptions>;
  /** Bytes that came with the handshake. */
  readonly heads?: { readonly client?: Uint8Array; readonly upstream?: Uint8Array };
  /** Agreed `Sec-WebSocket-Extensions`. */
  readonly extensions?: string;
  /** From 0 up to 1. Default 0: the first ping comes after a whole `pingInterval`. */
  readonly random?: () => number;
  /** Called with the far ends and the gateway's before the relay starts. */
  readonly before?: (
    ends: { client: RawConnection; upstream: RawConnection },
    legs: { client: Socket; upstream: Socket },
  ) => void | Promise<void>;
}

/** A clock that can also leap over a stretch of time in which the process did not run. */
class LeapingClock extends ManualClock {
  #leaptMs = 0;

  override now(): number {
    return super.now() + this.#leaptMs;
  }

  leap(ms: number): void {
    this.#leaptMs += ms;
  }
}

/** A running relay between two ends that a test plays, over real sockets, on a clock that the test moves. */
export class Rig {
  readonly clock: LeapingClock;
  /** The far ends. */
  readonly client: RawConnection;
  readonly upstream: RawConnection;
  /** The gateway's own ends. */
  readonly legs: { readonly client: Socket; readonly upstream: Socket };
  readonly relay: Relay;
  /** What the owner was told. */
  readonly #ends: RelayResult[] = [];
  readonly #listeners: Map<Socket, Map<string | symbol, number>>;

  constructor(
    clock: LeapingClock,
    client: RawConnection,
    upstream: RawConnection,
    legs: Rig['legs'],
    startRelay: (owner: RelayOwner) => Relay,
  ) {
    this.clock = clock;
    this.client = client;
    this.upstream = upstream;
    this.legs = legs;
    this.#listeners = new Map([legs.client, legs.upstream].map((leg) => [leg, listenersOf(leg)]));
    let hasStarted = false;
    this.relay = startRelay({
      relayEnded: (result) => {
        expect(hasStarted, 'start has returned').toBe(true);
        expect([legs.client.destroyed, legs.upstream.destroyed]).toEqual([true, true]);
        this.#ends.push(result);
      },
    });
    hasStarted = true;
  }

  /** Whether the end has been reported. */
  get isOver(): boolean {
    return this.#ends.length > 0;
  }

  /** Lets everything that is under way arrive. Time stands still. */
  settle(): Promise<void> {
    return settle([
      [this.client.socket, this.legs.client],
      [this.upstream.socket, this.legs.upstream],
    ]);
  }

  /** Moves time, and lets what that causes arrive after each step. */
  async pass(ms: number, stepMs = 100): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      this.clock.advance(Math.min(stepMs, left));
      await this.settle();
    }
  }

  /** The result, which has to be there without any more time. */
  async result(): Promise<RelayResult> {
    const result = await within(this.relay.result, 'result of the relay');
    expect(this.#ends, 'told to the owner once').toEqual([result]);
    this.#assertReleased();
    return result;
  }

  /** Ends both sides and asserts that nothing is left. */
  async finish(): Promise<void> {
    this.client.destroy();
    this.upstream.destroy();
    // At most four times closeTimeout for what cannot be flushed, and one more for the end of TCP.
    for (let i = 0; i < 60 && !this.isOver; i++) await this.pass(1000, 500);
    await this.result();
  }

  #assertReleased(): void {
    for (const [leg, before] of this.#listeners) {
      expect(leg.destroyed).toBe(true);
      for (const [event, count] of listenersOf(leg)) {
        const allowed = (before.get(event) ?? 0) + (event === 'error' ? 1 : 0);
        expect(count, `listeners of ${String(event)} left`).toBeLessThanOrEqual(allowed);
      }
    }
    expect(this.clock.pending, 'timers left').toBe(0);
  }
}

/** Opens rigs for the tests of a block; after each test all that is left is ended, and has to be released. */
export function useRigs(makeEngine: MakeEngine, tls = false): (options?: RigOptions) => Promise<Rig> {
  let sockets: SocketSource;
  let rigs: Rig[] = [];
  beforeAll(async () => {
    sockets = await SocketSource.listen(tls);
  });
  afterAll(() => sockets.close());
  afterEach(async () => {
    const open = rigs;
    rigs = [];
    for (const rig of open) await rig.finish();
  });
  return async (options = {}) => {
    const rig = await openRig(makeEngine, sockets, options);
    rigs.push(rig);
    return rig;
  };
}

async function openRig(makeEngine: MakeEngine, sockets: SocketSource, rigOptions: RigOptions): Promise<Rig> {
  const clientSide = await sockets.pair(true);
  // As the dialer opens them: a FIN of the upstream is answered by Node itself.
  const upstreamSide = await sockets.pair(false);
  const client = new RawConnection(clientSide.dialed, 'client', DEADLINE_MS, clientSide.tcp.dialed);
  const upstream = new RawConnection(
    upstreamSide.accepted,
    'upstream',
    DEADLINE_MS,
    upstreamSide.tcp.accepted,
  );
  const { options, heads, extensions = '', before, random = () => 0 } = rigOptions;
  const clock = new LeapingClock();
  const engine = makeEngine({ clock, random });
  const leg = (stream: Socket, head: Uint8Array = new Uint8Array(0)): Leg => ({
    stream,
    head,
    subprotocol: '',
    extensions,
  });
  const prepared = (stream: Socket): Socket => engine.prepare(leg(stream)).stream as Socket;
  const legs = { client: prepared(clientSide.accepted), upstream: prepared(upstreamSide.dialed) };
  if (extensions !== '') for (const end of [client, upstream]) end.expectDeflate();
  // Until the relay has them, sockets are in somebody else's care.
  for (const socket of Object.values(legs)) socket.on('error', ignoreError);
  await before?.({ client, upstream }, legs);
  for (const socket of Object.values(legs)) socket.off('error', ignoreError);
  const limits = { ...NO_LIMITS, ...options };
  return new Rig(clock, client, upstream, legs, (owner) =>
    engine.start(leg(legs.client, heads?.client), leg(legs.upstream, heads?.upstream), limits, owner),
  );
}

function ignoreError(): void {}

function listenersOf(socket: Socket): Map<string | symbol, number> {
  return new Map(socket.eventNames().map((event) => [event, socket.listenerCount(event)]));
}

/** Calls `f` for every ping that arrives at a far end. What arrives can be read all the same. */
export function onPing(end: RawConnection, f: (payload: Buffer) => void): void {
  const reader = new StrictReader({ masked: end.role === 'upstream', deflate: true });
  end.socket.on('data', (chunk: Buffer) => {
    reader.bytes.push(chunk);
    for (let frame = reader.next(); frame !== null; frame = reader.next()) {
      if (frame.opcode === OPCODE.ping) f(frame.payload);
    }
  });
}

/** Answers every ping, as RFC 6455 §5.5.2 wants it. */
export function answerPings(end: RawConnection): void {
  onPing(end, (payload) => end.send({ opcode: OPCODE.pong, payload }));
}

/** Everything that arrives at a far end, as on the wire. */
export function record(end: RawConnection): () => Buffer {
  const chunks: Buffer[] = [];
  end.socket.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
  return () => Buffer.concat(chunks);
}

/** Sends messages from a far end until the relay cannot read any more of them. @returns how many payload bytes. */
export async function flood(rig: Rig, from: 'client' | 'upstream'): Promise<number> {
  const payload = Buffer.alloc(64 * 1024, 'x');
  const end = rig[from];
  const frame = end.encode({ opcode: OPCODE.binary, payload });
  for (let sent = payload.length; ; sent += payload.length) {
    end.write(frame);
    await rig.settle();
    if (end.socket.writableLength > 0) return sent;
  }
}

/** As `flood`, but what the relay has read ends between two messages. */
export async function floodToBoundary(rig: Rig, from: 'client' | 'upstream'): Promise<void> {
  const leg = rig.legs[from];
  const frame = rig[from].encode({ opcode: OPCODE.binary, payload: Buffer.alloc(10_000) });
  while (!leg.isPaused()) {
    rig[from].write(frame);
    await rig.settle();
  }
}
