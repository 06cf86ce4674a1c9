import { readFileSync } from 'node:fs';

/** Files that a process has open beside its connections. */
const OTHER_DESCRIPTORS = 200;

/**
 * How many files a process may open. Node raises its own limit to the hard one, and its children inherit that.
 * @returns {number}
 */
export function descriptorLimit() {
  const hard = field('/proc/self/limits', /^Max open files\s+\S+\s+(\S+)/m);
  return hard === null || hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard);
}

/**
 * How many local ports there are for connections to one address and port.
 * @returns {number}
 */
export function localPorts() {
  const range = field('/proc/sys/net/ipv4/ip_local_port_range', /^(.*)$/m);
  if (range === null) return Number.POSITIVE_INFINITY;
  const [low = 0, high = 0] = range.trim().split(/\s+/).map(Number);
  return high - low + 1;
}

/**
 * Why this machine cannot have so many connections open; `null` when it can.
 * @param {number} descriptors Sockets that one process has open at most.
 * @param {{ files: number, ports: number }} limits
 */
export function tooMany(descriptors, { files, ports }) {
  const needed = descriptors + OTHER_DESCRIPTORS;
  if (needed > files) {
    return `it needs ${needed} open files in one process, and ${files} are allowed. Run \`ulimit -n ${needed}\` first (as root, if it says that it may not).`;
  }
  if (descriptors > ports) {
    return `it needs ${descriptors} local ports, and there are ${ports}. Widen net.ipv4.ip_local_port_range.`;
  }
  return null;
}

/**
 * @param {string} file
 * @param {RegExp} pattern
 * @returns {string | null} `null` where there is no such file
 */
function field(file, pattern) {
  try {
    return pattern.exec(readFileSync(file, 'latin1'))?.[1] ?? null;
  } catch {
    return null;
  }
}
