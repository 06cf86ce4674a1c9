import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

interface State {
  /** Requests whose answer is not complete. */
  unanswered: number;
  /** The answer to its latest request, while it is under way. */
  latest: ServerResponse | null;
  /** How much was read from it when its last request was answered: more is the begin of another. */
  bytesSettled: number;
  /** No request of it was answered yet. */
  fresh: boolean;
  /** An upgrade is undecided, or the connection is being ended. */
  engaged: boolean;
  /** Its last answer is decided on, though Node may still read from it. */
  finished: boolean;
  waiting: (() => void)[];
}

/** The sockets that are HTTP's: all that a listener took and did not hand over. */
export class OpenSockets {
  readonly #states = new Map<Duplex, State>();
  readonly #onClose: (this: Duplex) => void;
  #endsIdle = false;
  #whenEmpty: (() => void)[] = [];

  constructor() {
    const release = (socket: Duplex) => this.release(socket);
    this.#onClose = function () {
      release(this);
    };
  }

  get size(): number {
    return this.#states.size;
  }

  add(socket: Duplex): void {
    if (this.#states.has(socket) || socket.destroyed) return;
    this.#states.set(socket, {
      unanswered: 0,
      latest: null,
      // A PROXY header was read before it came here.
      bytesSettled: bytesReadFrom(socket) - socket.readableLength,
      fresh: true,
      engaged: false,
      finished: false,
      waiting: [],
    });
    socket.on('close', this.#onClose);
  }

  /** Forgets a socket, and leaves nothing on it. */
  release(socket: Duplex): void {
    const state = this.#states.get(socket);
    if (state === undefined) return;
    this.#states.delete(socket);
    socket.off('close', this.#onClose);
    wake(state);
    if (this.#states.size > 0) return;
    const resolves = this.#whenEmpty;
    this.#whenEmpty = [];
    for (const resolve of resolves) resolve();
  }

  /** Counts a request until its answer is complete or given up. */
  began(socket: Duplex, response: ServerResponse): void {
    const state = this.#states.get(socket);
    if (state === undefined) return;
    state.unanswered++;
    state.latest = response;
    response.once('close', () => {
      state.unanswered--;
      if (state.latest === response) state.latest = null;
      state.bytesSettled = bytesReadFrom(socket);
      state.fresh = false;
      if (state.unanswered > 0) return;
      wake(state);
      if (this.#endsIdle && !state.engaged) endSoon(socket);
    });
  }

  /** Whether answers are under way on the socket. */
  isAnswering(socket: Duplex): boolean {
    return (this.#states.get(socket)?.unanswered ?? 0) > 0;
  }

  /** The only answer under way, if its own request has not wholly arrived. */
  answerToUnread(socket: Duplex): ServerResponse | null {
    const state = this.#states.get(socket);
    const latest = state?.unanswered === 1 ? state.latest : null;
    return latest === null || latest.req.complete ? null : latest;
  }

  /** Resolves when no answer is under way on the socket, or when it is gone. */
  answered(socket: Duplex): Promise<void> {
    const state = this.#states.get(socket);
    if (state === undefined || state.unanswered === 0) return Promise.resolve();
    return new Promise((resolve) => state.waiting.push(resolve));
  }

  /** Marks a socket as one that must not be ended for being idle; or unmarks it. */
  engage(socket: Duplex, engaged = true): void {
    const state = this.#states.get(socket);
    if (state !== undefined) state.engaged = engaged;
  }

  /** Notes that nothing more is to be answered on the socket. */
  finish(socket: Duplex): void {
    const state = this.#states.get(socket);
    if (state === undefined) return;
    state.finished = true;
    state.engaged = true;
  }

  isFinished(socket: Duplex): boolean {
    return this.#states.get(socket)?.finished ?? false;
  }

  /** Whether there are any whose first request has not come, or whose latest is not answered. */
  get areBusy(): boolean {
    for (const [socket, { unanswered, engaged, finished, fresh, bytesSettled }] of this.#states) {
      if (finished) continue;
      if (unanswered > 0 || engaged || fresh || bytesReadFrom(socket) !== bytesSettled) return true;
    }
    return false;
  }

  /**
   * Ends sockets between two requests, and those on which nothing ever came; not those in the middle of a head. From now
   * on each ends with its answer.
   */
  endIdle(): void {
    this.#endsIdle = true;
    for (const [socket, state] of this.#states) {
      const silent = bytesReadFrom(socket) === state.bytesSettled;
      if (state.unanswered === 0 && !state.engaged && silent) socket.destroy();
    }
  }

  destroyAll(): void {
    for (const socket of [...this.#states.keys()]) socket.destroy();
  }

  /** All but those that are ending in good order. */
  destroyUnfinished(): void {
    for (const [socket, state] of [...this.#states]) if (!state.finished) socket.destroy();
  }

  /** Resolves when there is none left. */
  empty(): Promise<void> {
    if (this.#states.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenEmpty.push(resolve));
  }
}

const bytesReadFrom = (socket: Duplex): number =>
  'bytesRead' in socket && typeof socket.bytesRead === 'number' ? socket.bytesRead : 0;

/** When everything that was written has left. */
function endSoon(socket: Duplex): void {
  if (socket instanceof Socket) socket.destroySoon();
  else socket.end();
}

function wake(state: State): void {
  const { waiting } = state;
  state.waiting = [];
  for (const resolve of waiting) resolve();
}
