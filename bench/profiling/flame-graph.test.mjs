import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawFlameGraph } from './flame-graph.mjs';
import { nativeFrame, scriptFrame } from './frames.mjs';
import { foldStacks, hottest, selfByKind } from './stack-tree.mjs';

const main = nativeFrame('main', false);
const read = scriptFrame('read<T>', 'node:net', 12);
const write = nativeFrame('ksys_write.isra.0', true);
const stacks = [
  { frames: [main, read], weight: 1 },
  { frames: [main, read, write], weight: 2 },
  { frames: [main], weight: 1 },
];

test('folds stacks that begin alike', () => {
  const root = foldStacks(stacks, 'proxy');
  assert.deepEqual(
    [...root.children.values()].map(({ name, total, self }) => [name, total, self]),
    [['main', 4, 1]],
  );
  assert.deepEqual(selfByKind(root), { native: 1, node: 1, kernel: 2 });
  assert.deepEqual(hottest(root, 1), [{ name: 'ksys_write', kind: 'kernel', self: 2 }]);
});

test('knows whose code a frame is', () => {
  const own = new URL('../../dist/relay/pump.js', import.meta.url).href;
  assert.deepEqual(scriptFrame('pump', own, 7), { name: 'pump relay/pump.js:7', kind: 'wsfw' });
  assert.equal(scriptFrame('read', 'node:internal/streams/readable', 1).kind, 'node');
  assert.equal(scriptFrame('', 'file:///elsewhere/relay.mjs', 3).name, '(anonymous) relay.mjs:3');
});

test('draws boxes as wide as their share, with their names escaped', () => {
  const svg = drawFlameGraph(foldStacks(stacks, 'proxy'), { title: 'a & b', subtitle: '' });
  assert.match(svg, /<title>a &#38; b<\/title>/);
  assert.match(svg, /<title>read&#60;T&#62; node:net:12: 75\.0 %, itself 25\.0 %<\/title>/);
  assert.match(svg, /<rect class="kernel" x="10" y="\d+" width="589\.5"/);
});
