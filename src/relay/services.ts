import type { Clock } from '../base/clock.ts';
import type { MaskPool } from '../websocket/mask-pool.ts';
import type { Chunks } from './chunks.ts';
import type { Deadlines } from './deadlines.ts';
import type { Sockets } from './sockets.ts';

/** What all relays of an engine share. */
export interface RelayServices {
  readonly clock: Clock;
  readonly deadlines: Deadlines;
  readonly masks: MaskPool;
  readonly chunks: Chunks;
  readonly sockets: Sockets;
  /** From 0 up to 1. */
  readonly random: () => number;
}
