import type { Duplex } from 'node:stream';
import { destroyBroken } from '../../base/broken-socket.ts';
import type { Leg } from '../../base/leg.ts';
import { FrameFollower, type FrameSink } from './frame-follower.ts';

/** Hears what happens to a line. Nothing once it was left. */
export interface LineOwner extends FrameSink {
  /** The network has taken all that was written. */
  lineFlushed(line: Line): void;
  /** Its FIN. */
  lineEnded(line: Line): void;
  /** Its socket is released. */
  lineClosed(line: Line, error: Error | null): void;
}

/** One of the upstreams that a held client has, one after the other: its socket, and how far what it sent has come. */
export class Line {
  readonly socket: Duplex;
  readonly #owner: LineOwner;
  readonly #head: Uint8Array;
  /** Follows what comes from the upstream. */
  readonly #follower = new FrameFollower(false);
  #isFlushing = false;
  #isStarted = false;
  #isLeft = false;

  constructor({ stream, head }: Leg, owner: LineOwner) {
    this.socket = stream;
    this.#head = head;
    this.#owner = owner;
    if (stream.listenerCount('error') === 0) stream.on('error', destroyBroken);
  }

  /** Whether what came from it ends between two messages. */
  get betweenMessages(): boolean {
    return this.#follower.betweenMessages;
  }

  /** Whether more may be written: it is there, and has taken what was. */
  get takesMore(): boolean {
    return !this.#isFlushing && this.socket.writable;
  }

  /** Begins to read, with what came with the handshake. The second time does nothing. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.socket.on('data', this.#onData).on('end', this.#onEnd).on('close', this.#onClose);
    if (this.#head.length > 0) this.#onData(this.#head);
    // What happened before anybody listened is not told again.
    if (!this.#isLeft && this.socket.readableEnded) this.#onEnd();
    if (!this.#isLeft && this.socket.closed) this.#onClose();
    if (!this.#isLeft) this.socket.resume();
  }

  pause(): void {
    if (!this.#isLeft) this.socket.pause();
  }

  resume(): void {
    if (this.#isStarted && !this.#isLeft) this.socket.resume();
  }

  /** @returns whether the network has taken it all; otherwise the owner hears of it. */
  write(pieces: readonly Uint8Array[]): boolean {
    const { socket } = this;
    this.#isFlushing = true;
    if (pieces.length > 1) socket.cork();
    for (const [i, piece] of pieces.entries())
      socket.write(piece, i === pieces.length - 1 ? this.#onWritten : undefined);
    if (pieces.length > 1) socket.uncork();
    this.#isFlushing = socket.writableLength > 0;
    return !this.#isFlushing;
  }

  /** Stops listening to it. What becomes of its socket is the caller's business. */
  leave(): void {
    this.#isLeft = true;
    this.socket.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onClose);
  }

  readonly #onData = (bytes: Uint8Array): void => {
    this.#follower.follow(bytes, this.#owner);
  };

  readonly #onEnd = (): void => {
    this.#owner.lineEnded(this);
  };

  readonly #onClose = (): void => {
    this.#owner.lineClosed(this, this.socket.errored);
  };

  readonly #onWritten = (): void => {
    if (this.#isLeft || !this.#isFlushing || this.socket.writableLength > 0 || this.socket.destroyed) return;
    this.#isFlushing = false;
    this.#owner.lineFlushed(this);
  };
}
