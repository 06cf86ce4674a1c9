import { LatencyRecorder } from '../../lib/latency.mjs';
import { encodeFrame, OPCODE } from '../../lib/websocket.mjs';
import { MASK_KEY, payloadOf } from './wire.mjs';

const TICK_MS = 1;
const DRAIN_TIMEOUT_MS = 20_000;

/**
 * Sends `rate` messages a second, evenly spread over time and connections, whether or not echoes come back. The latency of a
 * message counts from the moment it was *meant* to be sent. So a proxy that stands still for a while is charged
 * for every message of that while, not only for the few that were under way (which is what a closed loop sees: it
 * stops asking as long as nobody answers, the mistake called coordinated omission).
 *
 * Node's timers fire once a millisecond at best: what fell due in between goes out together, up to a millisecond
 * and a bit after it was meant to. That is in every latency, of the direct connection too, and goes with the difference.
 */
export class OpenLoop {
  #connections;
  #frame;
  #intervalMs;
  #total;
  #sent = 0;
  #received = 0;
  #startedAt = 0;
  /** For each connection the intended times of what is under way: echoes come in the order of their messages. */
  #underWay;
  #latency;
  #lateness;
  /** @type {() => void} */
  #finish = () => {};
  /** @type {(error: Error) => void} */
  fail = () => {};

  /**
   * @param {import('./connection-set.mjs').ConnectionSet} set
   * @param {{ rate: number, size: number, durationMs: number }} how
   */
  constructor({ connections }, { rate, size, durationMs }) {
    this.#connections = connections;
    this.#frame = encodeFrame(OPCODE.binary, payloadOf(size), MASK_KEY);
    this.#intervalMs = 1_000 / rate;
    this.#total = Math.round(durationMs / this.#intervalMs);
    this.#underWay = new Map(connections.map((connection) => [connection, /** @type {number[]} */ ([])]));
    this.#latency = new LatencyRecorder(this.#total);
    this.#lateness = new LatencyRecorder(this.#total);
    this.frameBytes = size;
  }

  /**
   * @returns {Promise<{ messages: number, latency: import('../../lib/latency.mjs').Percentiles, lateness:
   *   import('../../lib/latency.mjs').Percentiles }>} `lateness`: how long after its intended time a message was sent.
   */
  run() {
    return new Promise((resolve, reject) => {
      /** @type {NodeJS.Timeout} */
      let timer;
      this.#finish = () => {
        clearTimeout(timer);
        const [latency, lateness] = [this.#latency.percentiles(), this.#lateness.percentiles()];
        resolve({ messages: this.#received, latency, lateness });
      };
      this.fail = (error) => {
        clearTimeout(timer);
        reject(error);
      };
      const tick = () => {
        this.#sendDue(performance.now());
        if (this.#sent < this.#total) timer = setTimeout(tick, TICK_MS);
        else timer = setTimeout(() => this.#giveUp(), DRAIN_TIMEOUT_MS);
      };
      this.#startedAt = performance.now();
      tick();
    });
  }

  /** @param {import('./connection.mjs').Connection} connection */
  onEchoes(connection, /** @type {number} */ count) {
    const now = performance.now();
    const intended = this.#underWay.get(connection)?.splice(0, count) ?? [];
    for (const at of intended) this.#latency.record(now - at);
    this.#received += count;
    if (this.#received === this.#total) this.#finish();
  }

  /** @param {number} now */
  #sendDue(now) {
    while (this.#sent < this.#total) {
      const intendedAt = this.#startedAt + this.#sent * this.#intervalMs;
      if (intendedAt > now) return;
      const connection = this.#connections[this.#sent % this.#connections.length];
      if (connection === undefined) return;
      this.#underWay.get(connection)?.push(intendedAt);
      connection.send(this.#frame);
      this.#lateness.record(now - intendedAt);
      this.#sent++;
    }
  }

  #giveUp() {
    this.fail(new Error(`${this.#total - this.#received} messages did not come back`));
  }
}
