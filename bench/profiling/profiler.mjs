import { Perf } from './perf.mjs';
import { V8Profiler } from './v8-profiler.mjs';

/**
 * One sample, or several alike.
 * @typedef {{ frames: import('./frames.mjs').Frame[], weight: number }} Stack Outermost frame first.
 *
 * Looks at running processes for a while.
 * @typedef {object} Profiler
 * @property {string} title
 * @property {readonly string[]} nodeFlags What proxies that run on Node have to be started with.
 * @property {Record<string, string>} env The same.
 * @property {(pids: readonly number[]) => Promise<void>} start
 * @property {() => Promise<Stack[]>} stop
 * @property {() => void} dispose Leaves no file behind.
 */

/**
 * The best profiler of this machine.
 * @returns {Profiler}
 */
export const newProfiler = () => (Perf.isHere() ? new Perf() : new V8Profiler());
