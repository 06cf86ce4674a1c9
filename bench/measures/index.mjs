import { flood } from './flood.mjs';
import { handshakes } from './handshakes.mjs';
import { idle } from './idle.mjs';
import { paced } from './paced.mjs';
import { tls } from './tls.mjs';
import { traffic } from './traffic.mjs';

/**
 * One way to drive the proxies, and the measures that come out of it.
 * @typedef {object} Run
 * @property {readonly import('../lib/measures.mjs').MeasureName[]} gives
 * @property {(plan: Plan, proxies: readonly string[], measures: ReadonlySet<string>) => number} seconds About how long it takes.
 * @property {(plan: Plan, proxies: readonly string[]) => import('../lib/limits.mjs').Needs} needs
 * @property {(bench: import('./bench.mjs').Bench) => Promise<import('./bench.mjs').Sample[]>} measure
 *
 * @typedef {import('../lib/plan.mjs').Plan} Plan
 */

/** @type {readonly Run[]} */
const RUNS = [traffic, paced, handshakes, idle, tls, flood];

/** @param {readonly string[]} measures */
export function runsFor(measures) {
  return RUNS.filter(({ gives }) => gives.some((name) => measures.includes(name)));
}

/**
 * How long each run takes.
 * @param {readonly Run[]} runs
 * @param {{ plan: Plan, measures: readonly string[] }} options
 * @param {readonly string[]} proxies
 */
export function estimate(runs, { plan, measures }, proxies) {
  return runs.map((run) => run.seconds(plan, proxies, new Set(measures)));
}
