/** @typedef {import('./probe.mjs').Holdings} Holdings */

/** What caches, code and statistics of the engine may come to. */
const MAX_HEAP_GROWTH_BYTES = 4 * 1024 * 1024;

/**
 * What a process holds that it did not hold before, in words; nothing when it has let go of everything.
 * @param {Holdings} before
 * @param {Holdings} after
 * @returns {string[]}
 */
export function leftovers(before, after) {
  const counts = [
    ...more({ sockets: before.sockets }, { sockets: after.sockets }),
    ...more(before.handles, after.handles),
    ...more(before.objects, after.objects),
  ];
  const grown = after.heapBytes - before.heapBytes;
  if (grown > MAX_HEAP_GROWTH_BYTES) counts.push(`the heap is ${(grown / 2 ** 20).toFixed(1)} MiB larger`);
  return counts;
}

/**
 * @param {Record<string, number>} before
 * @param {Record<string, number>} after
 */
function more(before, after) {
  return Object.entries(after)
    .filter(([name, count]) => count > (before[name] ?? 0))
    .map(([name, count]) => `${count} ${name}, at first ${before[name] ?? 0}`);
}
