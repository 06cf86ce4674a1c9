import { Child } from '../lib/child.mjs';
import { usageOf } from '../lib/usage.mjs';
import { PATH } from '../proxies/index.mjs';

/** The upstream that echoes. */
export class Echo {
  #child = new Child('the echo upstream', new URL('../processes/echo.mjs', import.meta.url));
  port = 0;

  async start() {
    this.port = await this.#child.ask('listen');
  }

  usage() {
    return usageOf([this.#child.pid], () => this.#child.ask('usage'));
  }

  stop() {
    return this.#child.stop();
  }
}

/** The upstream that floods. */
export class Flooder {
  #child = new Child('the flooding upstream', new URL('../processes/flood.mjs', import.meta.url));
  port = 0;

  /** @param {number} bytes How much each connection gets. */
  async start(bytes) {
    this.port = await this.#child.ask('listen', { bytes });
  }

  /**
   * How many bytes the other end, or its kernel, has taken so far.
   * @returns {Promise<number>}
   */
  sent() {
    return this.#child.ask('sent');
  }

  /** Ends the connection that was flooded. */
  reset() {
    return this.#child.ask('reset');
  }

  stop() {
    return this.#child.stop();
  }
}

/**
 * What the load generator says after each stretch of traffic.
 * @typedef {{ durationMs: number, loadCpuUs: number }} Spent
 * @typedef {Spent & { messages: number }} Driven
 * @typedef {Driven & Record<'latency' | 'lateness', import('../lib/latency.mjs').Percentiles>} Paced
 */

/** The load generator's process. */
export class Load {
  #child = new Child('the load generator', new URL('../processes/load.mjs', import.meta.url));

  /**
   * Opens that many more connections of a set, each of which carries one message.
   * @param {string} set
   * @param {number} port
   * @param {number} count
   * @param {{ tls?: boolean }} [how]
   */
  open(set, port, count, { tls = false } = {}) {
    return this.#ask('open', set, { port, path: PATH, count, tls });
  }

  /**
   * A closed loop.
   * @param {string} set
   * @param {{ depth: number, size: number, durationMs: number }} how
   * @returns {Promise<Driven>}
   */
  drive(set, how) {
    return this.#ask('drive', set, how);
  }

  /**
   * An open loop: `rate` messages a second over all connections of the set.
   * @param {string} set
   * @param {{ rate: number, size: number, durationMs: number }} how
   * @returns {Promise<Paced>}
   */
  pace(set, how) {
    return this.#ask('pace', set, how);
  }

  /**
   * @param {string} set
   * @param {number} port
   * @param {{ concurrency: number, durationMs: number }} how
   * @returns {Promise<Spent & { handshakes: number }>}
   */
  handshakes(set, port, how) {
    return this.#ask('handshakes', set, { port, path: PATH, ...how });
  }

  /**
   * Opens one connection that reads nothing.
   * @param {string} set
   * @param {number} port
   */
  openNotReading(set, port) {
    return this.#ask('openNotReading', set, { port, path: PATH });
  }

  /**
   * @param {string} set
   * @returns {Promise<boolean>} whether it was still open
   */
  closeNotReading(set) {
    return this.#ask('closeNotReading', set);
  }

  /**
   * Fails when connections of the set have been closed by the other end.
   * @param {string} set
   */
  check(set) {
    return this.#ask('check', set);
  }

  /** @param {string} set */
  close(set) {
    return this.#ask('close', set);
  }

  stop() {
    return this.#child.stop();
  }

  /**
   * @param {string} command
   * @param {string} set Named after its proxy, which an error is about more often than about us.
   * @param {object} [argument]
   */
  async #ask(command, set, argument = {}) {
    try {
      return await this.#child.ask(command, { set, ...argument });
    } catch (error) {
      throw new Error(`${set}, asked to ${command}: ${error instanceof Error ? error.message : error}`);
    }
  }
}
