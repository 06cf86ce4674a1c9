import { encodeFrame, OPCODE } from '../../lib/websocket.mjs';
import { MASK_KEY, payloadOf } from './wire.mjs';

const DRAIN_TIMEOUT_MS = 20_000;

/**
 * Keeps `depth` messages in flight on every connection for `durationMs`, then waits until all are back. Echoes that arrive
 * together are answered together, in one write.
 */
export class ClosedLoop {
  #connections;
  #durationMs;
  /** `#batches[n]`: n frames in one piece. */
  #batches;
  #sending = true;
  #inFlight;
  #messages = 0;
  /** @type {() => void} */
  #finish = () => {};
  /** @type {(error: Error) => void} */
  fail = () => {};

  /**
   * @param {import('./connection-set.mjs').ConnectionSet} set
   * @param {{ depth: number, size: number, durationMs: number }} how
   */
  constructor({ connections }, { depth, size, durationMs }) {
    this.#connections = connections;
    this.#durationMs = durationMs;
    this.#inFlight = depth * connections.length;
    this.frameBytes = size;
    const frame = encodeFrame(OPCODE.binary, payloadOf(size), MASK_KEY);
    const all = Buffer.concat(Array.from({ length: depth }, () => frame));
    this.#batches = Array.from({ length: depth + 1 }, (_, n) => all.subarray(0, n * frame.length));
  }

  /** @returns {Promise<{ messages: number }>} */
  run() {
    return new Promise((resolve, reject) => {
      /** @type {NodeJS.Timeout} */
      let timer;
      const end = () => clearTimeout(timer);
      this.#finish = () => {
        end();
        resolve({ messages: this.#messages });
      };
      this.fail = (error) => {
        end();
        reject(error);
      };
      timer = setTimeout(() => {
        this.#sending = false;
        timer = setTimeout(
          () => this.fail(new Error(`${this.#inFlight} messages did not come back`)),
          DRAIN_TIMEOUT_MS,
        );
      }, this.#durationMs);
      const first = this.#batches.at(-1) ?? Buffer.alloc(0);
      for (const connection of this.#connections) connection.send(first);
    });
  }

  /**
   * @param {import('./connection.mjs').Connection} connection
   * @param {number} count
   */
  onEchoes(connection, count) {
    this.#messages += count;
    if (this.#sending) {
      const batch = this.#batches[count];
      if (batch === undefined) this.fail(new Error(`${count} echoes came at once, more than were in flight`));
      else connection.send(batch);
    } else {
      this.#inFlight -= count;
      if (this.#inFlight === 0) this.#finish();
    }
  }
}
