import { readdirSync, readFileSync } from 'node:fs';

/**
 * A process, its children, and theirs, as they are now. Only the process itself where there is no /proc.
 * @param {number} pid
 * @returns {number[]}
 */
export function processFamily(pid) {
  return [pid, ...childrenOf(pid).flatMap(processFamily)];
}

/**
 * @param {number} pid
 * @returns {number[]}
 */
function childrenOf(pid) {
  const tasks = `/proc/${pid}/task`;
  try {
    return readdirSync(tasks).flatMap((tid) =>
      (readFileSync(`${tasks}/${tid}/children`, 'latin1').match(/\d+/g) ?? []).map(Number),
    );
  } catch {
    return [];
  }
}
