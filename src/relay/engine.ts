import type { Clock } from '../base/clock.ts';
import { readDirectly } from '../base/direct-socket.ts';
import type { RelayEngine } from '../base/relay.ts';
import { MaskPool } from '../websocket/mask-pool.ts';
import { Chunks } from './chunks.ts';
import { Deadlines } from './deadlines.ts';
import { FrameRelay } from './frame-relay.ts';
import { Sockets } from './sockets.ts';

/** What an engine works with. */
export interface RelayEngineParts {
  readonly clock: Clock;
  /** From 0 up to 1: spreads heartbeats. Default `Math.random`. */
  readonly random?: () => number;
  /** Whether plain TCP is read past its streams, which costs less: what `canReadDirectly` says. Default: no. */
  readonly readsDirectly?: () => boolean;
}

/** The engine that follows frames on any pair of streams. Nothing of it ticks while it has no connections. */
export function createRelayEngine({
  clock,
  random = Math.random,
  readsDirectly = () => false,
}: RelayEngineParts): RelayEngine {
  const services = {
    clock,
    random,
    deadlines: new Deadlines(clock),
    masks: new MaskPool(),
    chunks: new Chunks(),
    sockets: new Sockets(),
  };
  return {
    supports: () => true,
    prepare: (leg) => (readsDirectly() ? { ...leg, stream: readDirectly(leg.stream) } : leg),
    start(client, upstream, options, owner) {
      const relay = new FrameRelay(client, upstream, options, owner ?? null, services);
      relay.start(client, upstream);
      return relay;
    },
  };
}
