import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { Scanner } from '../websocket/scanner.ts';
import { Deadlines } from './deadlines.ts';
import { Heartbeat } from './heartbeat.ts';
import { NOT_YET, Pump, type PumpOwner } from './pump.ts';

const TOKEN = Uint8Array.of(1, 2, 3, 4);
const theirs = Buffer.from('theirs');

const owner: PumpOwner = {
  pumpSawClose: () => {},
  pumpSawPing: () => {},
  pumpSawPong: () => false,
  pumpSawViolation: () => {},
  pumpSawFlood: () => {},
  pumpBlocked: () => {},
  pumpEnded: () => {},
  pumpClosed: () => {},
};

class Bench {
  readonly deadlines = new Deadlines(new ManualClock());
  readonly from = this.#pump();
  readonly to = this.#pump();
  readonly heartbeat = new Heartbeat(this.from, this.to, TOKEN);

  /** A ping that is written and flushed at once; its payload. */
  ping(at: number): Uint8Array {
    const payload = this.heartbeat.nextPing(at);
    if (payload === null) throw new Error('no ping is due');
    this.heartbeat.pingWritten(at);
    this.heartbeat.pingFlushed(at);
    return payload;
  }

  #pump(): Pump {
    const scanner = new Scanner(false, false, 0);
    return new Pump(owner, new PassThrough(), new PassThrough(), scanner, this.deadlines, 0);
  }
}

describe('Heartbeat', () => {
  it('sends its token and a counter', () => {
    const bench = new Bench();
    const pings = [bench.ping(0), bench.ping(10)].map((ping) => Buffer.from(ping).toString('hex'));
    expect(pings).toEqual(['0102030400000001', '0102030400000002']);
  });

  it('keeps the token, although the bytes it came in are used again', () => {
    const token = Uint8Array.of(9, 9, 9, 9);
    const bench = new Bench();
    const heartbeat = new Heartbeat(bench.from, bench.to, token);
    token.fill(0);
    expect(Buffer.from(heartbeat.nextPing(0) ?? []).toString('hex')).toMatch(/^09090909/);
  });

  it('awaits nothing until a ping was flushed', () => {
    const { heartbeat } = new Bench();
    heartbeat.nextPing(1000);
    expect(heartbeat.silentSince).toBe(NOT_YET);
    heartbeat.pingWritten(1000);
    expect(heartbeat.silentSince).toBe(NOT_YET);
    heartbeat.pingFlushed(5000);
    expect(heartbeat.silentSince).toBe(5000);
  });

  it('waits from the first ping that is not answered, not from the latest', () => {
    const bench = new Bench();
    bench.ping(1000);
    bench.ping(2000);
    expect(bench.heartbeat.silentSince).toBe(1000);
  });

  it('has one ping under way at a time', () => {
    const { heartbeat } = new Bench();
    expect(heartbeat.nextPing(0)).not.toBeNull();
    expect(heartbeat.nextPing(10)).toBeNull();
    heartbeat.pingWritten(20);
    expect(heartbeat.nextPing(20)).toBeNull();
    heartbeat.pingFlushed(30);
    expect(heartbeat.nextPing(40)).not.toBeNull();
  });

  it('takes its pong out once, and no other', () => {
    const bench = new Bench();
    const ping = bench.ping(0);
    expect(bench.heartbeat.sawPong(theirs, 5)).toBe(false);
    expect(bench.heartbeat.sawPong(ping.subarray(0, 7), 5)).toBe(false);
    expect(bench.heartbeat.sawPong(ping, 5)).toBe(true);
    expect(bench.heartbeat.sawPong(ping, 6)).toBe(false);
    expect(bench.heartbeat.silentSince).toBe(NOT_YET);
  });

  it('passes a pong to a ping that was never sent', () => {
    const bench = new Bench();
    const next = Buffer.from(bench.ping(0));
    next.writeUInt32BE(2, 4);
    expect(bench.heartbeat.sawPong(next, 5)).toBe(false);
    next.writeUInt32BE(0, 4);
    expect(bench.heartbeat.sawPong(next, 5)).toBe(false);
  });

  it('settles all before the ping that is answered', () => {
    const bench = new Bench();
    const [first, second, third] = [bench.ping(0), bench.ping(10), bench.ping(20)];
    expect(bench.heartbeat.sawPong(second, 30)).toBe(true);
    expect(bench.heartbeat.sawPong(first, 31)).toBe(false);
    expect(bench.heartbeat.silentSince).not.toBe(NOT_YET);
    expect(bench.heartbeat.sawPong(third, 32)).toBe(true);
    expect(bench.heartbeat.silentSince).toBe(NOT_YET);
    expect(bench.heartbeat.roundTrip).toEqual({ count: 2, lastMs: 12, minMs: 12, maxMs: 20, meanMs: 16 });
  });

  it('remembers a bounded number of pings, and takes the latest pong all the same', () => {
    const bench = new Bench();
    let last = bench.ping(0);
    for (let i = 1; i <= 100; i++) last = bench.ping(i);
    expect(bench.heartbeat.sawPong(last, 200)).toBe(true);
    expect(bench.heartbeat.silentSince).toBe(NOT_YET);
    expect(bench.heartbeat.roundTrip?.lastMs).toBe(100);
  });

  it('sends none while the other end awaits a pong, and awaits that', () => {
    const { heartbeat } = new Bench();
    heartbeat.sawForeignPing(theirs);
    expect(heartbeat.silentSince).toBe(NOT_YET);
    expect(heartbeat.nextPing(1000)).toBeNull();
    expect(heartbeat.silentSince).toBe(1000);
    expect(heartbeat.sawPong(theirs, 2000)).toBe(false);
    expect(heartbeat.silentSince).toBe(NOT_YET);
    expect(heartbeat.nextPing(3000)).not.toBeNull();
  });

  it('counts only the pong to the latest ping of the other end', () => {
    const { heartbeat } = new Bench();
    heartbeat.sawForeignPing(Buffer.from('first'));
    heartbeat.sawForeignPing(theirs);
    heartbeat.sawPong(Buffer.from('first'), 5);
    expect(heartbeat.nextPing(10)).toBeNull();
    heartbeat.sawPong(theirs, 15);
    expect(heartbeat.nextPing(20)).not.toBeNull();
  });

  it('takes the pong to a later ping of the other end for an answer to its own, without a round trip', () => {
    const bench = new Bench();
    bench.ping(0);
    bench.heartbeat.sawForeignPing(theirs);
    bench.heartbeat.sawPong(theirs, 50);
    expect(bench.heartbeat.silentSince).toBe(NOT_YET);
    expect(bench.heartbeat.roundTrip).toBeNull();
  });
});
