/**
 * @param {import('./report.mjs').Results} _results
 * @returns {{ file: string, svg: string }[]}
 */
export function drawCharts(_results) {
  return [];
}
