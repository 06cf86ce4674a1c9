import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { RecordingLogger } from '../../test/support/recording-logger.ts';
import { memoryStorages } from '../base/memory-storage.ts';
import type { MemoryCall } from './messages.ts';
import { perform, RemoteMemory } from './remote-memory.ts';

function rig() {
  const clock = new ManualClock(1_000_000);
  const logger = new RecordingLogger();
  const sent: { id: number; calls: readonly MemoryCall[] }[] = [];
  const memory = new RemoteMemory({
    clock,
    logger,
    local: memoryStorages(clock),
    send: (id, calls) => sent.push({ id, calls }),
  });
  const shared = memoryStorages(clock);
  /** The first process answers the message at `index`. */
  const answer = async (index: number): Promise<void> => {
    const message = sent[index];
    if (message === undefined) throw new Error(`message ${index} was not sent`);
    const results = await Promise.all(message.calls.map((call) => perform(call, shared)));
    memory.answered(message.id, results);
  };
  return { clock, logger, sent, memory, shared, answer };
}

describe('the memory of a worker', () => {
  it('is that of the first process', async () => {
    const { memory, shared, answer, clock } = rig();
    await shared('middlewares.L').increment('a', 7, 1000);
    const count = memory.of('middlewares.L').increment('a', 1, 1000);
    await answer(0);
    expect(await count).toEqual({ value: 8, expiresInMs: 1000 });
    const others = memory.of('middlewares.M').get('a');
    await answer(1);
    expect(await others).toBeNull();
    expect(clock.pending).toBe(0);
  });

  it('has all that a storage has', async () => {
    const { memory, answer } = rig();
    const storage = memory.of('x');
    const calls = [storage.set('a', 'b', 0), storage.get('a'), storage.delete('a'), storage.get('a')];
    await answer(0);
    await answer(1);
    expect(await Promise.all(calls)).toEqual([undefined, 'b', true, null]);
  });

  it('asks one message at a time, with all calls that came meanwhile', async () => {
    const { memory, sent, answer } = rig();
    const storage = memory.of('x');
    const counts = Array.from({ length: 5 }, () => storage.increment('a', 1, 1000));
    expect(sent.map(({ calls }) => calls.length)).toEqual([1]);
    await answer(0);
    expect(sent.map(({ calls }) => calls.length)).toEqual([1, 4]);
    await answer(1);
    expect((await Promise.all(counts)).map(({ value }) => value)).toEqual([1, 2, 3, 4, 5]);
  });

  it('counts alone when there is no answer in half a second, and says so once', async () => {
    const { memory, sent, clock, logger } = rig();
    const storage = memory.of('x');
    const counts = [storage.increment('a', 1, 1000), storage.increment('a', 1, 1000)];
    clock.advance(499);
    expect(logger.lines).toEqual([]);
    clock.advance(1);
    counts.push(storage.increment('a', 1, 1000));
    expect((await Promise.all(counts)).map(({ value }) => value)).toEqual([1, 2, 3]);
    expect(sent).toHaveLength(1);
    expect(logger.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  it('shares again as soon as the first process answers', async () => {
    const { memory, clock, answer, logger } = rig();
    const storage = memory.of('x');
    const alone = storage.increment('a', 1, 1000);
    clock.advance(500);
    expect(await alone).toMatchObject({ value: 1 });
    await answer(0);
    const shared = storage.increment('a', 1, 1000);
    await answer(1);
    // The first call reached it after all.
    expect(await shared).toMatchObject({ value: 2 });
    expect(logger.lines.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect(clock.pending).toBe(0);
  });

  it('lets no more than 10,000 calls wait', async () => {
    const { memory } = rig();
    const storage = memory.of('x');
    for (let i = 0; i <= 10_000; i++) void storage.increment('a', 1, 1000);
    expect(await storage.increment('a', 1, 1000)).toMatchObject({ value: 1 });
  });

  it('ignores what was never asked', () => {
    const { memory } = rig();
    memory.answered(7, ['x']);
  });
});
