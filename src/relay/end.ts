import type { Duplex } from 'node:stream';
import type { SideStats } from '../base/relay.ts';
import type { Side } from '../base/side.ts';
import type { Heartbeat } from './heartbeat.ts';
import { NOT_YET, type Pump } from './pump.ts';

/** How far the closing of one end has come. */
export const PHASES = {
  /** Nothing was sent that ends it. */
  open: 0,
  /** A close frame is queued or sent; its answer is awaited. */
  closing: 1,
  /** Its TCP is being ended. */
  ending: 2,
  /** Its socket is released. */
  gone: 3,
} as const;

export type Phase = (typeof PHASES)[keyof typeof PHASES];

/** One of the two ends of a connection: its socket, the pumps from and to it, and how far its closing has come. */
export class End {
  readonly side: Side;
  readonly stream: Duplex;
  /** Reads this end. */
  readonly from: Pump;
  /** Writes to this end. */
  readonly to: Pump;
  readonly heartbeat: Heartbeat | null;
  phase: Phase = PHASES.open;
  /** Coarse time at which the present phase is cut short. */
  limitAt = NOT_YET;
  /** See `SideStats`. */
  closeReceived: number | null = null;
  closeSent: number | null = null;
  /** Its frames cannot be followed any more, so that no answer to a close would be seen: TCP ends right behind ours. */
  endsAfterClose = false;

  constructor(side: Side, from: Pump, to: Pump, heartbeat: Heartbeat | null) {
    this.side = side;
    this.stream = from.source;
    this.from = from;
    this.to = to;
    this.heartbeat = heartbeat;
  }

  stats(): SideStats {
    return {
      messages: this.from.scanner.messages,
      bytes: this.from.scanner.bytes,
      closeReceived: this.closeReceived,
      closeSent: this.closeSent,
      roundTrip: this.heartbeat?.roundTrip ?? null,
    };
  }
}
