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
 * @typedef {object} Needs
 * @property {number} files Sockets that one process has open at most.
 * @property {number} ports Connections at most to one address and port: each takes a local port.
 *
 * Why this machine cannot have so many connections open; `null` when it can.
 * @param {Needs} needs
 * @param {Needs} limits
 */
export function tooMany(needs, limits) {
  const files = needs.files + OTHER_DESCRIPTORS;
  if (files > limits.files) {
    return `it needs ${files} open files in one process, and ${limits.files} are allowed. Run \`ulimit -n ${files}\` first (as root, if it says that it may not).`;
  }
  if (needs.ports > limits.ports) {
    return `it needs ${needs.ports} local ports, and there are ${limits.ports}. Widen net.ipv4.ip_local_port_range.`;
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
