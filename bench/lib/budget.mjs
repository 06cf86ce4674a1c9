/**
 * When each of several parts that follow each other has to be over, in seconds from the start: its share of the whole, so that a
 * slow machine costs all of them some rounds instead of costing the last ones all.
 * @param {readonly number[]} estimates
 * @param {number} limit For all parts together, unless the estimates alone come to more.
 */
export function deadlinesOf(estimates, limit) {
  const total = estimates.reduce((sum, each) => sum + each, 0);
  const stretch = Math.max(1, limit / total);
  let end = 0;
  return estimates.map((each) => {
    end += each * stretch;
    return end;
  });
}
