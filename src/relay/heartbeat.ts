import { encodeFrame, type MaskingKey } from '../websocket/frame.ts';
import { OPCODES } from '../websocket/opcodes.ts';
import type { End } from './end.ts';
import { pingNumber, pingPayload } from './ping-payload.ts';
import { Probe } from './probe.ts';
import { RoundTrips } from './round-trips.ts';
import type { RelayServices } from './services.ts';

/** What a heartbeat asks of its relay. */
export interface HeartbeatOwner {
  keyFor(end: End): MaskingKey;
  /** A deadline came nearer. */
  reschedule(): void;
}

/** The gateway's own pings to both ends of a connection (RFC 6455 §5.5.2), and what their pongs tell. */
export class Heartbeat {
  /** Coarse time of the next ping. */
  nextAt: number;
  readonly #intervalMs: number;
  readonly #owner: HeartbeatOwner;
  readonly #services: RelayServices;
  /** Tells our pings from the ends' own. */
  readonly #token: number;
  #pings = 0;

  constructor(intervalMs: number, owner: HeartbeatOwner, services: RelayServices) {
    const { deadlines, masks, random } = services;
    // Connections that came at once, after a restart, are not all pinged at once.
    this.nextAt = Math.floor(deadlines.now + intervalMs * (1 - random()));
    this.#intervalMs = intervalMs;
    this.#owner = owner;
    this.#services = services;
    this.#token = new DataView(masks.next().slice().buffer).getInt32(0);
  }

  /** Pings both ends. */
  beat(client: End, upstream: End, now: number): void {
    this.nextAt = Math.max(this.nextAt + this.#intervalMs, now);
    this.#pings++;
    this.#ping(client, now);
    this.#ping(upstream, now);
  }

  /** A ping is on its way from the end to the other one, whose answer is awaited from now on. */
  sawPing({ other: target }: End, payload: Uint8Array): void {
    if (!target.writing) return;
    target.probe ??= new Probe();
    target.probe.sawForeignPing(payload);
  }

  /** @returns whether the pong answers an unsettled ping of ours, and is nobody else's business. */
  sawPong(source: End, payload: Uint8Array): boolean {
    const { probe } = source;
    if (probe === null) return false;
    const number = pingNumber(this.#token, payload);
    const tookMs = number === null ? null : probe.settle(number, this.#services.clock.now());
    if (tookMs === null) {
      probe.sawForeignPong(payload);
    } else {
      source.roundTrips ??= new RoundTrips();
      source.roundTrips.add(tookMs);
    }
    if (probe.isSettled) source.probe = null;
    return tookMs !== null;
  }

  #ping(end: End, now: number): void {
    const { clock, deadlines } = this.#services;
    end.probe ??= new Probe();
    const { probe } = end;
    // While a ping of the other end is unanswered that one is the probe: a peer may answer only the latest (§5.5.3),
    // so ours would rob the other end of its answer.
    if (probe.awaitsForeignPong) probe.await(now);
    if (probe.awaitsForeignPong || probe.underWay) return;
    const number = this.#pings;
    probe.underWay = true;
    end.insertPing({
      frame: encodeFrame(OPCODES.ping, pingPayload(this.#token, number), this.#owner.keyFor(end)),
      written: () => probe.pingWritten(number, clock.now()),
      flushed: () => {
        probe.pingFlushed(deadlines.now);
        if (probe.isSettled && end.probe === probe) end.probe = null;
        this.#owner.reschedule();
      },
    });
  }
}
