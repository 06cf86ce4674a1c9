import type { Cause, GatewayCause } from './causes.ts';
import type { HoldStats } from './hold.ts';
import type { Leg } from './leg.ts';
import type { Side } from './side.ts';

/** A text message (`string`) or a binary one. */
export type Message = string | Uint8Array;

/** What the relay of one connection is to keep to. `0` switches a limit off. */
export interface RelayOptions {
  /** Milliseconds between the gateway's own pings, to each side. */
  readonly pingIntervalMs: number;
  /** A pinged side is dead after so many milliseconds with no sign of life. */
  readonly pongTimeoutMs: number;
  /** Milliseconds without a data frame in either direction. */
  readonly maxInactivityMs: number;
  /** Milliseconds for a close frame to be answered. Never 0. */
  readonly closeTimeoutMs: number;
  /** Milliseconds for a side to drain what is queued to it. */
  readonly writeTimeoutMs: number;
  /** Payload bytes of one message on the wire, its fragments summed. */
  readonly maxMessageBytes: number;
  /** Pings, pongs and empty data fragments a second from one side; twice as many in a burst. */
  readonly maxControlFrames: number;
  /** When the connection is drained whatever it does. Default: never. */
  readonly maxAge?: MaxAge | undefined;
}

/** How old connections become: each draws its own age from `afterMs` up to `jitterMs` more. */
export interface MaxAge {
  readonly afterMs: number;
  readonly jitterMs: number;
}

/** Round-trip times of the gateway's pings to one side, in milliseconds. */
export interface RoundTrip {
  readonly count: number;
  readonly lastMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly meanMs: number;
}

/** What passed on one side of a connection. */
export interface SideStats {
  /** Complete messages that came from this side. */
  readonly messages: number;
  /** Payload bytes of data frames that came from this side, as on the wire. */
  readonly bytes: number;
  /** Close code that this side sent; 1005 for a close frame without one; `null` when it sent no close frame. */
  readonly closeReceived: number | null;
  /** Close code that this side was sent; 1005 and `null` as above. */
  readonly closeSent: number | null;
  /** Round trips of the gateway's own pings; `null` when none was answered. */
  readonly roundTrip: RoundTrip | null;
}

/** A look at a running relay. */
export interface RelayStats {
  readonly durationMs: number;
  readonly client: SideStats;
  readonly upstream: SideStats;
  /** Only where the connection is to be held while its upstream restarts. */
  readonly hold?: HoldStats;
}

/** How a connection went and why it ended. Made once, when both sockets are released. */
export interface RelayResult extends RelayStats {
  readonly cause: Cause;
  /** The side that the cause concerns, if it is one. */
  readonly side: Side | null;
  /** What the side was told or found, in words: `continuation frame without a message`. */
  readonly detail: string;
  /** The socket's error, when that is what ended it. */
  readonly error?: Error;
}

/** How to close: defaults come from the table of causes. */
export interface CloseHow {
  /** Close code for the side that the cause concerns, or for the client where it concerns none or the upstream is gone. */
  readonly code?: number;
  /** At most 123 bytes of UTF-8; longer ones are cut at a character. */
  readonly reason?: string;
  /** For results and logs; the sides are not told. Default: the reason. */
  readonly detail?: string;
  /** The offender, for causes that may concern either side. Default `client`. */
  readonly side?: Side;
  /** Close after the frame under way (default), or after the message under way. */
  readonly at?: 'frame' | 'message';
  /** How many milliseconds to wait for the end of a message before closing at the end of a frame. Default `closeTimeoutMs`. */
  readonly withinMs?: number;
}

/** One connection's traffic, both ways. */
export interface Relay {
  /** Pulled by whoever wants to know; nothing is pushed. */
  stats(): RelayStats;
  /**
   * Puts a message of our own in between two messages.
   * @returns `queued` while a message is under way or the side is slow to read; `full` when more than 64 KiB is
   * queued already (nothing was taken); `closed` once a close was sent or the side is gone.
   */
  send(to: Side, message: Message): 'sent' | 'queued' | 'full' | 'closed';
  /**
   * Starts closing both sides. The first cause stands; later calls do nothing.
   * @throws RangeError for a code that no close frame may carry (RFC 6455 §7.4), such as 1005 and 1006.
   */
  close(cause: GatewayCause, how?: CloseHow): void;
  /** Ends both sockets at once, with no close frame: for when the time for anything better is up. */
  terminate(): void;
  /** Resolves exactly once, when both sockets are released. Never rejects. */
  readonly result: Promise<RelayResult>;
}

/** Hears of a relay's end without holding a promise for it, for as long as it lives. */
export interface RelayOwner {
  /** Once, when both sockets are released, and never before `start` has returned. Must not throw. */
  relayEnded(result: RelayResult): void;
}

/** Moves the bytes. Everything outside `relay/` sees only this. */
export interface RelayEngine {
  /** Whether this engine can serve these legs. */
  supports(client: Leg, upstream: Leg, options: RelayOptions): boolean;
  /**
   * Brings a leg that has not been read from into the form that this engine likes best. Takes ownership: only what it
   * returns is of use. Called right before `start`, which takes other legs too.
   */
  prepare(leg: Leg): Leg;
  /** Takes ownership of both legs: whatever happens, their sockets are released before `result` resolves. */
  start(client: Leg, upstream: Leg, options: RelayOptions, owner?: RelayOwner): Relay;
}
