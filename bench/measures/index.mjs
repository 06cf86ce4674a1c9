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
 * @property {(plan: Plan, proxies: number, measures: ReadonlySet<string>) => number} seconds About how long it takes.
 * @property {(plan: Plan, proxies: number) => number} descriptors How many sockets one process has open at most.
 * @property {(bench: import('./bench.mjs').Bench) => Promise<import('./bench.mjs').Sample[]>} measure
 *
 * @typedef {import('../lib/plan.mjs').Plan} Plan
 */

/** @type {readonly Run[]} */
export const RUNS = [traffic, paced, handshakes, idle, tls, flood];
