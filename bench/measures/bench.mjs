/**
 * @typedef {import('../lib/compare.mjs').Sample} Sample
 * @typedef {{ name: string, proxy: import('../proxies/index.mjs').RunningProxy }} Running
 * @typedef {{ measure: string, proxy: string, message: string }} Problem
 *
 * What the command line asked for, and who serves it.
 * @typedef {object} Equipment
 * @property {import('../lib/plan.mjs').Plan} plan
 * @property {ReadonlySet<string>} measures Names of those that somebody wants to see.
 * @property {readonly import('../proxies/index.mjs').Proxy[]} proxies
 * @property {import('./processes.mjs').Echo} echo
 * @property {import('./processes.mjs').Load} load
 * @property {(what: string) => void} progress
 */

/** Everything that a measure works with. */
export class Bench {
  /** @type {Problem[]} */
  problems = [];
  /** When what is measured now has to come to its end. `performance.now()` in ms. */
  deadline = Number.POSITIVE_INFINITY;
  /** Whether rounds were left out because it was late. */
  hurried = false;

  /** @param {Equipment} equipment */
  constructor({ plan, measures, proxies, echo, load, progress }) {
    this.plan = plan;
    this.measures = measures;
    this.proxies = proxies;
    this.echo = echo;
    this.load = load;
    this.progress = progress;
  }

  /** @returns {boolean} whether no further round should begin */
  isLate() {
    const late = performance.now() > this.deadline;
    this.hurried ||= late;
    return late;
  }

  /**
   * As its users would run it, unless said otherwise.
   * @param {import('../proxies/index.mjs').Proxy} candidate
   * @param {Partial<import('../proxies/index.mjs').StartOptions>} [how]
   */
  start({ start }, how = {}) {
    return start({ upstreamPort: this.echo.port, tls: null, workers: 1, nodeFlags: [], env: {}, ...how });
  }

  /**
   * Runs a step of one proxy. One that fails does not take the others' figures with it: it is left out of what follows.
   * @template T
   * @param {string} measure
   * @param {string} name The proxy's.
   * @param {() => Promise<T>} step
   * @returns {Promise<T | null>} `null` when it failed
   */
  async attempt(measure, name, step) {
    try {
      return await step();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.problems.push({ measure, proxy: name, message });
      this.progress(`${measure}: ${name} is left out from here on. ${message}`);
      await this.load.close(name).catch(() => {});
      return null;
    }
  }

  /**
   * What the proxy used while something ran. It is read while all is quiet, before the first message and after the last,
   * so that nothing falls between.
   * @template {import('./processes.mjs').Spent} T
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
