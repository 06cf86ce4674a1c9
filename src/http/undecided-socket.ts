import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { destroyBroken } from '../base/broken-socket.ts';
import { MAX_EARLY_BYTES } from './limits.ts';

/** Shared, since most clients send nothing early. */
const NOTHING = new Uint8Array();

/**
 * A socket that Node handed over for an upgrade, until somebody has decided on it: collects what the client sends
 * early, up to a limit, and notices when the client leaves.
 */
export class UndecidedSocket {
  readonly socket: Duplex;
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #discards = false;
  #left = false;
  #onLeft = (): void => {};

  constructor(socket: Duplex, head: Uint8Array) {
    this.socket = socket;
    adopt(socket);
    this.#keep(head);
    socket.on('data', this.#take);
    socket.on('end', this.#leave);
    socket.on('close', this.#leave);
  }

  /** Whether the client has ended or reset the connection. */
  get left(): boolean {
    return this.#left || this.socket.destroyed;
  }

  /** Calls `f` once, when the client ends or resets, or now if it has. */
  whenLeft(f: () => void): void {
    if (this.left) f();
    else this.#onLeft = f;
  }

  /** Forgets what came early and whatever else comes. */
  discard(): void {
    this.#discards = true;
    this.#early = [];
    this.socket.resume();
  }

  /**
   * Lets go of the socket: nothing of ours is left on it but a listener that all sockets share. It is paused.
   * @returns what came early.
   */
  release(): Uint8Array {
    this.#onLeft = () => {};
    this.socket.pause();
    this.socket.off('data', this.#take);
    this.socket.off('end', this.#leave);
    this.socket.off('close', this.#leave);
    const early = this.#early;
    this.#early = [];
    const [first = NOTHING, ...others] = early;
    return others.length === 0 ? first : Buffer.concat(early);
  }

  readonly #take = (chunk: Uint8Array): void => {
    this.#keep(chunk);
    if (!this.#discards && this.#earlyBytes >= MAX_EARLY_BYTES) this.socket.pause();
  };

  #keep(chunk: Uint8Array): void {
    if (this.#discards || chunk.byteLength === 0) return;
    this.#early.push(chunk);
    this.#earlyBytes += chunk.byteLength;
  }

  readonly #leave = (): void => {
    if (this.#left) return;
    this.#left = true;
    this.#onLeft();
  };
}

/** Makes a socket that HTTP is done with safe to hold: no error of it can end the process, no HTTP timeout ends it. */
export function adopt(socket: Duplex): void {
  if (!socket.listeners('error').includes(destroyBroken)) socket.on('error', destroyBroken);
  if (!(socket instanceof Socket)) return;
  socket.setTimeout(0);
  // One by one: removeAllListeners() would put the socket's listeners into a slow form, 800 bytes a connection.
  for (const listener of socket.rawListeners('timeout')) {
    socket.off('timeout', listener as () => void);
  }
}
