import { Connection } from './connection.mjs';

const OPEN_AT_ONCE = 50;

/**
 * Traffic on the connections of a set: what it does when echoes come.
 * @typedef {object} Traffic
 * @property {number} frameBytes Payload that each echo must have.
 * @property {(connection: Connection, count: number) => void} onEchoes
 * @property {(error: Error) => void} fail
 */

/** Connections to one proxy. */
export class ConnectionSet {
  /** @type {Connection[]} */
  connections = [];
  /** @type {Traffic | null} */
  #traffic = null;
  #closing = false;
  #lost = 0;

  /**
   * @param {import('./connection.mjs').Target} target
   * @param {number} count How many to open in addition.
   */
  async open(target, count) {
    let left = count;
    const openSome = async () => {
      while (left-- > 0) {
        const connection = new Connection(this);
        this.connections.push(connection);
        await connection.open(target);
      }
    };
    try {
      await Promise.all(Array.from({ length: Math.min(OPEN_AT_ONCE, count) }, openSome));
    } finally {
      left = 0;
    }
    this.check();
  }

  /**
   * What the traffic cost this process, beside what it says itself.
   * @template T
   * @param {(set: ConnectionSet) => Traffic & { run(): Promise<T> }} make
   */
  async drive(make) {
    this.check();
    const traffic = make(this);
    const cpuBefore = process.cpuUsage();
    const startedAt = performance.now();
    this.#traffic = traffic;
    const result = await traffic.run().finally(() => {
      this.#traffic = null;
    });
    const { user, system } = process.cpuUsage(cpuBefore);
    return { ...result, durationMs: performance.now() - startedAt, loadCpuUs: user + system };
  }

  /** Resets instead of ending, so that thousands of closed connections do not linger and use up the ports. */
  async close() {
    this.#closing = true;
    await Promise.all(this.connections.map((connection) => connection.reset()));
    this.connections = [];
  }

  /** @throws {Error} when connections have been closed by the other end */
  check() {
    if (this.#lost > 0) throw new Error(`${this.#lost} connections were closed by the other end`);
  }

  /**
   * @param {Connection} connection
   * @param {number} count
   */
  onEchoes(connection, count) {
    this.#traffic?.onEchoes(connection, count);
  }

  /** @param {number} bytes */
  onMessage(bytes) {
    const traffic = this.#traffic;
    if (traffic !== null && traffic.frameBytes !== bytes)
      traffic.fail(new Error(`an echo of ${bytes} bytes came for ${traffic.frameBytes} that were sent`));
  }

  onLost() {
    if (this.#closing) return;
    this.#lost++;
    this.#traffic?.fail(new Error('a connection was closed by the other end while it was driven'));
  }
}
