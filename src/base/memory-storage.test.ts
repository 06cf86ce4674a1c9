import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { MemoryStorage, memoryStorages } from './memory-storage.ts';

function storage(maxKeys?: number) {
  const clock = new ManualClock(1_000_000);
  return { clock, memory: new MemoryStorage(clock, maxKeys) };
}

describe('a storage in memory', () => {
  it('counts in windows that begin with the first count', async () => {
    const { clock, memory } = storage();
    expect(await memory.increment('a', 1, 1000)).toEqual({ value: 1, expiresInMs: 1000 });
    clock.advance(400);
    expect(await memory.increment('a', 2, 1000)).toEqual({ value: 3, expiresInMs: 600 });
    expect(await memory.increment('b', 1, 1000)).toEqual({ value: 1, expiresInMs: 1000 });
    clock.advance(600);
    expect(await memory.increment('a', 1, 1000)).toEqual({ value: 1, expiresInMs: 1000 });
  });

  it('keeps texts until they expire, or are deleted', async () => {
    const { clock, memory } = storage();
    await memory.set('a', 'x', 100);
    await memory.set('b', 'y', 0);
    expect(await memory.get('a')).toBe('x');
    clock.advance(100);
    expect(await memory.get('a')).toBeNull();
    expect(await memory.delete('a')).toBe(false);
    expect(await memory.get('b')).toBe('y');
    expect(await memory.delete('b')).toBe(true);
    expect(await memory.get('b')).toBeNull();
  });

  it('gives a counter back as a text', async () => {
    const { memory } = storage();
    await memory.increment('a', 5, 0);
    expect(await memory.get('a')).toBe('5');
    expect(await memory.increment('a', -2, 0)).toEqual({ value: 3, expiresInMs: Number.POSITIVE_INFINITY });
  });

  it('counts from 0 where a text is no number', async () => {
    const { memory } = storage();
    await memory.set('a', 'x', 0);
    await memory.set('b', '5', 0);
    expect(await memory.increment('a', 2, 0)).toMatchObject({ value: 2 });
    expect(await memory.increment('b', 2, 0)).toMatchObject({ value: 7 });
  });

  it('forgets the oldest key when there are too many', async () => {
    const { memory } = storage(2);
    for (const key of ['a', 'b', 'a', 'c']) await memory.increment(key, 1, 1000);
    expect(memory.size).toBe(2);
    expect(await memory.get('a')).toBeNull();
    expect(await memory.get('b')).toBe('1');
    expect(await memory.get('c')).toBe('1');
  });

  it('forgets what has expired, and sets no timer for it', async () => {
    const { clock, memory } = storage();
    for (const key of ['a', 'b', 'c']) await memory.increment(key, 1, 1000);
    clock.advance(1000);
    await memory.increment('d', 1, 1000);
    expect(memory.size).toBe(1);
    expect(clock.pending).toBe(0);
  });
});

describe('storages by name', () => {
  it('are one for each name', async () => {
    const memory = memoryStorages(new ManualClock());
    await memory('a').set('key', 'x', 0);
    expect(await memory('a').get('key')).toBe('x');
    expect(await memory('b').get('key')).toBeNull();
  });
});
