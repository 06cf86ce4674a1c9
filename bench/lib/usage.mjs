import { readdirSync, readFileSync } from 'node:fs';

/**
 * What a set of processes has used so far.
 * @typedef {{ cpuUs: number, rssBytes: number }} Usage
 */

/**
 * @param {readonly number[]} pids
 * @param {(() => Promise<Usage>) | null} ask Asks the process itself, for systems without /proc.
 * @returns {Promise<Usage>}
 */
export async function usageOf(pids, ask) {
  if (process.platform === 'linux') {
    return { cpuUs: sum(pids.map(cpuOf)), rssBytes: sum(pids.map(rssOf)) };
  }
  if (ask === null) throw new Error('without /proc only proxies that run on Node can be measured');
  return ask();
}

/**
 * What this process has used so far.
 * @returns {Usage}
 */
export function ownUsage() {
  const { user, system } = process.cpuUsage();
  return { cpuUs: user + system, rssBytes: process.memoryUsage.rss() };
}

/**
 * User and system time of all threads in µs. The scheduler's own nanoseconds where the kernel keeps them, since
 * the clock ticks of /proc/<pid>/stat are 10 ms each: a hundredth of a measured second.
 * @param {number} pid
 */
function cpuOf(pid) {
  const tasks = `/proc/${pid}/task`;
  try {
    return sum(readdirSync(tasks).map((tid) => nanoseconds(`${tasks}/${tid}/schedstat`))) / 1000;
  } catch {
    return ticksOf(pid) * 10_000;
  }
}

/** @param {string} file */
function nanoseconds(file) {
  return Number(readFileSync(file, 'latin1').split(' ', 1)[0]);
}

/** @param {number} pid */
function ticksOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The process's name stands in parentheses and may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/**
 * Resident memory, counted page by page where the kernel offers it: VmRSS is kept per CPU and may lag behind.
 * @param {number} pid
 */
function rssOf(pid) {
  try {
    return kilobytes(`/proc/${pid}/smaps_rollup`, /^Rss:\s+(\d+) kB/m);
  } catch {
    return kilobytes(`/proc/${pid}/status`, /^VmRSS:\s+(\d+) kB/m);
  }
}

/**
 * @param {string} file
 * @param {RegExp} pattern
 */
function kilobytes(file, pattern) {
  const found = pattern.exec(readFileSync(file, 'latin1'));
  if (found === null) throw new Error(`${file} has no ${pattern}`);
  return Number(found[1]) * 1024;
}

/** @param {readonly number[]} values */
function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
