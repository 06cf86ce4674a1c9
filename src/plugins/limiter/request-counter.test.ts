import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RequestCounter } from './request-counter.ts';

// `rate-limiter-flexible` has a clock of its own: Node's.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const counter = (maxClients?: number): RequestCounter =>
  new RequestCounter({
    maxRequests: 2,
    windowMs: 1000,
    now: () => Date.now(),
    ...(maxClients === undefined ? {} : { maxClients }),
  });

describe('RequestCounter', () => {
  it('lets so many pass in a window, then says how long it lasts', async () => {
    const requests = counter();
    expect(await requests.count('a')).toBe(0);
    vi.advanceTimersByTime(400);
    expect(await requests.count('a')).toBe(0);
    expect(await requests.count('a')).toBe(600);
    expect(await requests.count('b')).toBe(0);
  });

  it('starts afresh when the window is over, which refused requests do not prolong', async () => {
    const requests = counter();
    for (let i = 0; i < 10; i++) await requests.count('a');
    vi.advanceTimersByTime(1000);
    expect(await requests.count('a')).toBe(0);
  });

  it('forgets the client with the oldest window when there are too many', async () => {
    const requests = counter(2);
    for (const client of ['a', 'a', 'b', 'b', 'c', 'c']) await requests.count(client);
    expect(requests.clients).toBe(2);
    expect(await requests.count('c')).toBeGreaterThan(0);
    expect(await requests.count('b')).toBeGreaterThan(0);
    expect(await requests.count('a')).toBe(0);
  });

  it('forgets clients whose window is over', async () => {
    const requests = counter();
    for (const client of ['a', 'b', 'c']) await requests.count(client);
    vi.advanceTimersByTime(1000);
    await requests.count('d');
    expect(requests.clients).toBe(1);
  });

  it('holds no timer once it is cleared', async () => {
    const requests = counter();
    for (const client of ['a', 'b', 'b', 'b']) await requests.count(client);
    expect(vi.getTimerCount()).toBe(2);
    await requests.clear();
    expect(vi.getTimerCount()).toBe(0);
    expect(requests.clients).toBe(0);
  });
});
