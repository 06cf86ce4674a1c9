import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leftovers } from './compare.mjs';

const BEFORE = {
  sockets: 1,
  handles: { Timeout: 2 },
  objects: { relays: 0 },
  heapBytes: 10_000_000,
  rssBytes: 0,
};

test('finds nothing where everything is as it was, or less', () => {
  assert.deepEqual(leftovers(BEFORE, { ...BEFORE, handles: {}, heapBytes: 11_000_000 }), []);
});

test('names each thing of which there is more', () => {
  const after = { ...BEFORE, sockets: 3, handles: { Timeout: 2, TCPSocketWrap: 1 }, objects: { relays: 4 } };
  assert.deepEqual(leftovers(BEFORE, after), [
    '3 sockets, at first 1',
    '1 TCPSocketWrap, at first 0',
    '4 relays, at first 0',
  ]);
});

test('allows the heap to grow a little', () => {
  assert.deepEqual(leftovers(BEFORE, { ...BEFORE, heapBytes: 20_485_760 }), ['the heap is 10.0 MiB larger']);
});
