/** Messages of our own that wait for the end of somebody else's, at most. */
export const MAX_QUEUED_BYTES = 64 * 1024;

/** What a pump has to put in and may not yet: frames go between two frames, messages between two messages (RFC 6455 §5.4). */
export interface Insertions {
  ping: Insertion | null;
  close: Insertion | null;
  /** Whether the close waits for the end of a message, or of a frame only. */
  closeAtMessage: boolean;
  messages: Uint8Array[];
  messageBytes: number;
}

export interface Insertion {
  readonly frame: Uint8Array;
  /** Called when the frame was handed to the socket. */
  readonly written: () => void;
  /** Called when the network has taken it. */
  readonly flushed: () => void;
}

export const noInsertions = (): Insertions => ({
  ping: null,
  close: null,
  closeAtMessage: false,
  messages: [],
  messageBytes: 0,
});
