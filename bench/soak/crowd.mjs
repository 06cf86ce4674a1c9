import { setTimeout as pause } from 'node:timers/promises';
import { Visitor } from './visitor.mjs';
import { VISITS } from './visits.mjs';

/** Visitors there at a time. */
const AT_ONCE = 250;
/** From one visitor to the next. */
const ARRIVE_EVERY_MS = 8;

/** Visitors who come all the time, each in a way of its own. */
export class Crowd {
  /** How often each visit was paid. @type {Map<string, number>} */
  visits = new Map();
  /** What went wrong for whom, and how often. @type {Map<string, number>} */
  failures = new Map();
  #port;
  /** @type {Set<Promise<void>>} */
  #underway = new Set();

  /** @param {number} port */
  constructor(port) {
    this.#port = port;
  }

  get size() {
    return this.#underway.size;
  }

  get total() {
    return [...this.visits.values()].reduce((sum, times) => sum + times, 0);
  }

  /** One of each, whatever the dice say. */
  oneOfEach() {
    for (const [, name, visit] of VISITS) this.#pay(name, visit);
  }

  /** @param {number} untilMs as `performance.now()` counts */
  async come(untilMs) {
    while (performance.now() < untilMs) {
      if (this.#underway.size < AT_ONCE) this.#pay(...pick());
      await pause(ARRIVE_EVERY_MS);
    }
  }

  /** Resolves when all have left. */
  async leave() {
    await Promise.all(this.#underway);
  }

  /**
   * @param {string} name
   * @param {import('./visits.mjs').Visit} visit
   */
  #pay(name, visit) {
    count(this.visits, name);
    const visitor = new Visitor(this.#port);
    const paid = visit(visitor)
      .catch((/** @type {Error} */ { message }) => count(this.failures, `${name}: ${message}`))
      .finally(() => {
        visitor.destroy();
        this.#underway.delete(paid);
      });
    this.#underway.add(paid);
  }
}

/** @returns {[name: string, visit: import('./visits.mjs').Visit]} */
function pick() {
  let left = Math.random() * VISITS.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, name, visit] of VISITS) {
    left -= weight;
    if (left < 0) return [name, visit];
  }
  throw new Error('no visits');
}

/**
 * @param {Map<string, number>} counts
 * @param {string} name
 */
function count(counts, name) {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
