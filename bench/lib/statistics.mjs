/** The range of five values holds the median with 94 %, that of six with 97 %. */
const MIN_FOR_INTERVAL = 6;

/**
 * A median with how far the rounds spread around it.
 * @typedef {object} Summary
 * @property {number} median
 * @property {number} low First quartile.
 * @property {number} high Third quartile.
 * @property {[number, number]} interval 95 % confidence interval of the median.
 * @property {number} count How many rounds.
 */

/**
 * @param {readonly number[]} values
 * @returns {Summary}
 */
export function summarize(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, 0.25),
    high: quantile(sorted, 0.75),
    interval: medianInterval(sorted),
    count: sorted.length,
  };
}

/**
 * @param {readonly number[]} sorted
 * @param {number} share
 */
export function quantile(sorted, share) {
  if (sorted.length === 0) return Number.NaN;
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[Math.ceil(position)] ?? low;
  return low + (high - low) * (position - below);
}

/**
 * The interval between two order statistics that holds the true median with at least 95 %, whatever the
 * distribution: each value lies below the median with probability one half, so how many do is binomial.
 * With fewer than six values there is no such interval, and the whole range stands for it.
 * @param {readonly number[]} sorted
 * @returns {[number, number]}
 */
export function medianInterval(sorted) {
  const n = sorted.length;
  let cut = 0;
  let tail = 0.5 ** n;
  let term = tail;
  while (cut < n / 2) {
    term = (term * (n - cut)) / (cut + 1);
    if (2 * (tail + term) > 0.05) break;
    tail += term;
    cut++;
  }
  return [sorted[cut] ?? Number.NaN, sorted[n - 1 - cut] ?? Number.NaN];
}

/**
 * How far the interval reaches to either side, as a share of the median. With fewer than six values nothing is known to
 * 95 %, so it reaches anywhere.
 * @param {Summary} summary
 */
export function halfWidth({ median, interval: [low, high], count }) {
  return count < MIN_FOR_INTERVAL ? Number.POSITIVE_INFINITY : (high - low) / 2 / Math.abs(median);
}
