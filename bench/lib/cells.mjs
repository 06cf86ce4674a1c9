/** @typedef {{ size: number, connections: number, depth: number }} Cell `size`: bytes of payload. */

/**
 * How a cell is called in results and targets.
 * @param {Cell} cell
 */
export function labelOf({ size, connections, depth }) {
  return `${sizeOf(size)} × ${connections.toLocaleString('en')} connections, ${depth} in flight`;
}

/** @param {number} bytes */
export function sizeOf(bytes) {
  return bytes < 1_024 ? `${bytes} B` : `${bytes / 1_024} KiB`;
}

/**
 * Every combination, fewest connections first.
 * @param {{ sizes: readonly number[], connections: readonly number[], depths: readonly number[] }} axes
 * @returns {Cell[]}
 */
export function combinations({ sizes, connections, depths }) {
  return connections.flatMap((count) =>
    sizes.flatMap((size) => depths.map((depth) => ({ size, connections: count, depth }))),
  );
}

/**
 * @param {Cell} one
 * @param {Cell} other
 */
export function isSame(one, other) {
  return one.size === other.size && one.connections === other.connections && one.depth === other.depth;
}
