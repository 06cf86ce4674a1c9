/**
 * Stacks that begin alike, folded into one another: how often was who seen below whom.
 * @typedef {object} Node
 * @property {string} name
 * @property {import('./frames.mjs').Kind} kind
 * @property {number} total Samples in it and in what it called.
 * @property {number} self Samples in it alone.
 * @property {Map<string, Node>} children
 */

/**
 * @param {Iterable<{ frames: readonly import('./frames.mjs').Frame[], weight: number }>} stacks Outermost frame first.
 * @param {string} rootName
 * @returns {Node}
 */
export function foldStacks(stacks, rootName) {
  const root = newNode({ name: rootName, kind: 'none' });
  for (const { frames, weight } of stacks) {
    let node = root;
    node.total += weight;
    for (const frame of frames) {
      const key = `${frame.kind} ${frame.name}`;
      const child = node.children.get(key) ?? newNode(frame);
      node.children.set(key, child);
      child.total += weight;
      node = child;
    }
    node.self += weight;
  }
  return root;
}

/**
 * @param {import('./frames.mjs').Frame} frame
 * @returns {Node}
 */
const newNode = ({ name, kind }) => ({ name, kind, total: 0, self: 0, children: new Map() });

/**
 * Samples by whose code ran.
 * @param {Node} root
 * @returns {Partial<Record<import('./frames.mjs').Kind, number>>}
 */
export function selfByKind(root) {
  /** @type {Partial<Record<import('./frames.mjs').Kind, number>>} */
  const sums = {};
  const add = (/** @type {Node} */ node) => {
    if (node.self > 0) sums[node.kind] = (sums[node.kind] ?? 0) + node.self;
    for (const child of node.children.values()) add(child);
  };
  add(root);
  return sums;
}

/**
 * The functions that ran most themselves, whoever called them.
 * @param {Node} root
 * @param {number} count
 * @returns {{ name: string, kind: import('./frames.mjs').Kind, self: number }[]}
 */
export function hottest(root, count) {
  /** @type {Map<string, { name: string, kind: import('./frames.mjs').Kind, self: number }>} */
  const found = new Map();
  const add = (/** @type {Node} */ { name, kind, self, children }) => {
    const key = `${kind} ${name}`;
    const entry = found.get(key) ?? { name, kind, self: 0 };
    entry.self += self;
    found.set(key, entry);
    for (const child of children.values()) add(child);
  };
  add(root);
  return [...found.values()].sort((a, b) => b.self - a.self).slice(0, count);
}
