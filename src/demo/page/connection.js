import { backoffMs, comesBack } from './closing.js';

const OPEN_TIMEOUT_MS = 10_000;
const STABLE_AFTER_MS = 5_000;

/**
 * One WebSocket at a time to the same address, opened again when it ends. Tells its owner through `on`:
 * `state(state, detail)` with connecting, open, waiting (`detail.retryInMs`) and resting; `message(event)`; `close(event)`.
 */
export class Connection {
  #address;
  #on;
  #socket = null;
  #attempt = 0;
  #timer = 0;
  #stable = 0;
  state = 'resting';

  /** @param address called for each attempt, so that it can carry the current name */
  constructor(address, on) {
    this.#address = address;
    this.#on = on;
  }

  get socket() {
    return this.#socket;
  }

  /** Connects now, unless it is connected already. */
  wake() {
    if (this.state === 'open' || this.state === 'connecting') return;
    clearTimeout(this.#timer);
    this.#open();
  }

  /** Closes, and stays away until woken. */
  rest() {
    clearTimeout(this.#timer);
    if (this.#socket) this.#socket.close(1000, 'bye');
    else this.#become('resting');
  }

  /** @returns whether it was handed to the network */
  send(data) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(data);
    return true;
  }

  #open() {
    this.#become('connecting');
    const socket = new WebSocket(this.#address());
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    const deadline = setTimeout(() => socket.close(), OPEN_TIMEOUT_MS);
    socket.addEventListener('open', () => {
      clearTimeout(deadline);
      // A connection that ends at once does not count as success: the next attempt waits longer.
      this.#stable = setTimeout(() => {
        this.#attempt = 0;
      }, STABLE_AFTER_MS);
      this.#become('open');
    });
    socket.addEventListener('message', (event) => this.#on.message(event));
    socket.addEventListener('close', (event) => {
      clearTimeout(deadline);
      clearTimeout(this.#stable);
      this.#socket = null;
      this.#on.close(event);
      if (comesBack(event.code, event.reason)) this.#wait();
      else this.#become('resting');
    });
  }

  #wait() {
    const retryInMs = backoffMs(this.#attempt++);
    this.#timer = setTimeout(() => this.#open(), retryInMs);
    this.#become('waiting', { retryInMs });
  }

  #become(state, detail = {}) {
    this.state = state;
    this.#on.state(state, detail);
  }
}
