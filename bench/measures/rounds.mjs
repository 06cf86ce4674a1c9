import { Child } from '../lib/child.mjs';
import { usageOf } from '../lib/usage.mjs';
import { PATH } from '../proxies/index.mjs';

/**
 * @typedef {import('../lib/targets.mjs').Sample} Sample
 * @typedef {{ name: string, proxy: import('../proxies/index.mjs').RunningProxy }} Running
 */

/** Everything that a measure works with. */
export class Bench {
  /**
   * @param {import('../lib/settings.mjs').Settings} settings
   * @param {readonly import('../proxies/index.mjs').Proxy[]} proxies
   * @param {Echo} echo
   * @param {Load} load
   * @param {(what: string) => void} progress
   */
  constructor(settings, proxies, echo, load, progress) {
    this.settings = settings;
    this.proxies = proxies;
    this.echo = echo;
    this.load = load;
    this.progress = progress;
  }

  /** Starts every proxy as its users would run it. */
  async startAll() {
    /** @type {Running[]} */
    const running = [];
    try {
      for (const { name, start } of this.proxies) {
        const how = { upstreamPort: this.echo.port, tls: null, workers: 1, nodeFlags: [], env: {} };
        running.push({ name, proxy: await start(how) });
      }
    } catch (error) {
      for (const { proxy } of running) await proxy.stop();
      throw error;
    }
    return running;
  }

  /**
   * What the proxy used while something ran. It is read while all is quiet, before the first message and after the last,
   * so that nothing falls between.
   * @template {{ durationMs: number, loadCpuUs: number }} T
   * @param {Running} running
   * @param {() => Promise<T>} run
   */
  async meter({ proxy }, run) {
    const [before, echoBefore] = [await proxy.usage(), await this.echo.usage()];
    const done = await run();
    const [after, echoAfter] = [await proxy.usage(), await this.echo.usage()];
    const cpuUs = after.cpuUs - before.cpuUs;
    const cores = (/** @type {number} */ us) => us / 1000 / done.durationMs;
    return {
      done,
      cpuUs,
      cores: {
        proxyCores: cores(cpuUs),
        loadCores: cores(done.loadCpuUs),
        echoCores: cores(echoAfter.cpuUs - echoBefore.cpuUs),
      },
    };
  }
}

/**
 * Rounds with all proxies up. Every few rounds all of them are started anew: a process keeps habits for as long as it lives
 * (what the compiler made of it, where its memory lies, how its turns fall together with the others'), and one that got
 * bad ones would bend the whole result.
 * @param {Bench} bench
 * @param {{ rounds: number, roundsEach: number }} settings
 * @param {(running: readonly Running[], first: number, last: number) => Promise<Sample[]>} measure The rounds from
 *   `first` up to `last`.
 */
export async function inGenerations(bench, { rounds, roundsEach }, measure) {
  /** @type {Sample[]} */
  const samples = [];
  for (let first = 0; first < rounds; first += roundsEach) {
    const running = await bench.startAll();
    try {
      samples.push(...(await measure(running, first, Math.min(rounds, first + roundsEach))));
    } finally {
      for (const { proxy } of running) await proxy.stop();
    }
  }
  return samples;
}

/** The upstream's process. */
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

/**
 * The load generator's process.
 * @typedef {{ messages: number, durationMs: number, loadCpuUs: number }} Driven
 */
export class Load {
  #child = new Child('the load generator', new URL('../processes/load.mjs', import.meta.url));

  /**
   * @param {string} set
   * @param {number} port
   * @param {number} count
   */
  open(set, port, count) {
    return this.#ask('open', set, { port, path: PATH, count });
  }

  /**
   * @param {string} set
   * @param {{ depth: number, size: number, durationMs: number }} how
   * @returns {Promise<Driven>}
   */
  drive(set, how) {
    return this.#ask('drive', set, how);
  }

  /**
   * @param {string} set
   * @param {number} port
   * @param {{ concurrency: number, durationMs: number }} how
   * @returns {Promise<{ handshakes: number, durationMs: number, loadCpuUs: number }>}
   */
  handshakes(set, port, how) {
    return this.#ask('handshakes', set, { port, path: PATH, ...how });
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

/**
 * A B C, then C B A: no proxy always comes first, or always after the same one.
 * @template T
 * @param {readonly T[]} items
 * @param {number} round
 */
export function inTurn(items, round) {
  return round % 2 === 0 ? [...items] : [...items].reverse();
}
