import { describe, expect, it } from 'vitest';
import { NOT_YET } from './deadlines.ts';
import { Probe } from './probe.ts';

const NO_BYTE_YET = 0;
const theirs = Buffer.from('theirs');

describe('Probe', () => {
  it('awaits nothing until a ping was flushed', () => {
    const probe = new Probe();
    probe.underWay = true;
    probe.pingWritten(1, 1000);
    expect(probe.silentSince(NO_BYTE_YET)).toBe(NOT_YET);
    probe.pingFlushed(5000);
    expect(probe.silentSince(NO_BYTE_YET)).toBe(5000);
    expect(probe.isSettled).toBe(false);
  });

  it('awaits nothing when the pong came before the flush was reported', () => {
    const probe = new Probe();
    probe.underWay = true;
    probe.pingWritten(1, 1000);
    expect(probe.settle(1, 1001)).toBe(1);
    probe.pingFlushed(1100);
    expect(probe.silentSince(NO_BYTE_YET)).toBe(NOT_YET);
    expect(probe.isSettled).toBe(true);
  });

  it('waits from the first ping that is not answered, and again from every byte', () => {
    const probe = new Probe();
    for (const [number, at] of [
      [1, 1000],
      [2, 2000],
    ] as const) {
      probe.pingWritten(number, at);
      probe.pingFlushed(at);
    }
    expect(probe.silentSince(NO_BYTE_YET)).toBe(1000);
    expect(probe.silentSince(1500)).toBe(1500);
  });

  it('settles a ping and all before it, each once', () => {
    const probe = new Probe();
    for (const number of [1, 2, 3]) {
      probe.pingWritten(number, number * 10);
      probe.pingFlushed(number * 10);
    }
    expect(probe.settle(2, 50)).toBe(30);
    expect(probe.settle(2, 51)).toBeNull();
    expect(probe.settle(1, 52)).toBeNull();
    expect(probe.settle(4, 53)).toBeNull();
    expect(probe.isSettled).toBe(false);
    expect(probe.settle(3, 54)).toBe(24);
    expect(probe.isSettled).toBe(true);
    expect(probe.silentSince(NO_BYTE_YET)).toBe(NOT_YET);
  });

  it('remembers a bounded number of pings, and takes the latest pong all the same', () => {
    const probe = new Probe();
    for (let number = 1; number <= 100; number++) {
      probe.pingWritten(number, number);
      probe.pingFlushed(number);
    }
    expect(probe.settle(1, 200)).toBeNull();
    expect(probe.settle(100, 200)).toBe(100);
    expect(probe.isSettled).toBe(true);
  });

  it('is settled by the pong to the latest ping of the other end, and what went before that', () => {
    const probe = new Probe();
    probe.pingWritten(1, 0);
    probe.pingFlushed(0);
    probe.sawForeignPing(Buffer.from('first'));
    probe.sawForeignPing(theirs);
    probe.sawForeignPong(Buffer.from('first'));
    expect(probe.awaitsForeignPong).toBe(true);
    probe.sawForeignPong(theirs);
    expect(probe.awaitsForeignPong).toBe(false);
    expect(probe.isSettled).toBe(true);
  });

  it('keeps what the other end asked, although the bytes it came in are used again', () => {
    const probe = new Probe();
    const payload = Buffer.from(theirs);
    probe.sawForeignPing(payload);
    payload.fill(0);
    probe.sawForeignPong(theirs);
    expect(probe.isSettled).toBe(true);
  });

  it('starts the wait again when it is told to', () => {
    const probe = new Probe();
    probe.await(0);
    probe.restart(700);
    expect(probe.silentSince(NO_BYTE_YET)).toBe(700);
  });
});
