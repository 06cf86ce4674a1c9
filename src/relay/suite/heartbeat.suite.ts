import { describe, expect, it } from 'vitest';
import { buildFrame, OPCODE } from '../../../test/support/frames.ts';
import type { RawConnection } from '../../../test/support/raw-connection.ts';
import { otherSide, type Side } from '../../base/side.ts';
import {
  answerPings,
  flood,
  floodToBoundary,
  HEARTBEATS,
  type MakeEngine,
  onPing,
  type Rig,
  useRigs,
} from './rig.suite.ts';

const SIDES: readonly Side[] = ['client', 'upstream'];
const HOUR_MS = 3_600_000;
const options = HEARTBEATS;
const unresponsive = { client: 'client-unresponsive', upstream: 'upstream-unresponsive' } as const;

export function heartbeatSuite(makeEngine: MakeEngine): void {
  describe('heartbeats', () => {
    const open = useRigs(makeEngine);

    it('let a connection live for hours whose ends answer', { timeout: 20_000 }, async () => {
      const rig = await open({ options });
      answerPings(rig.client);
      answerPings(rig.upstream);
      await rig.pass(2 * HOUR_MS, 2500);
      expect(rig.isOver).toBe(false);
      const { client, upstream } = rig.relay.stats();
      expect(client.roundTrip?.count).toBe(720);
      expect(upstream.roundTrip?.count).toBe(720);
      expect(client.messages + upstream.messages).toBe(0);
    });

    it('ping both sides every pingInterval, with the token of the connection and a counter', async () => {
      const rig = await open({ options });
      const seen = { client: pingsOf(rig.client), upstream: pingsOf(rig.upstream) };
      answerPings(rig.client);
      answerPings(rig.upstream);
      await rig.pass(30_200, 200);
      for (const pings of [seen.client, seen.upstream]) {
        expect(pings.map((ping) => ping.length)).toEqual([8, 8, 8]);
        expect(new Set(pings.map((ping) => ping.toString('hex', 0, 4))).size).toBe(1);
        expect(new Set(pings.map((ping) => ping.toString('hex', 4))).size).toBe(3);
      }
    });

    it('ping nobody when pingInterval is 0, and blame nobody when pongTimeout is', async () => {
      const silent = await open({ options: { pongTimeoutMs: 30_000 } });
      const patient = await open({ options: { pingIntervalMs: 10_000 } });
      await silent.pass(100_000, 5000);
      await patient.pass(100_000, 5000);
      expect(silent.client.unreadBytes + silent.upstream.unreadBytes).toBe(0);
      expect(patient.client.unreadBytes).toBe(10 * 10);
      expect(patient.isOver).toBe(false);
    });

    it.each(SIDES)('find a silent %s 30 seconds after its ping was flushed, and reset it', async (silent) => {
      const rig = await open({ options });
      answerPings(rig[otherSide(silent)]);
      await rig.pass(10_000, 500);
      const pingedAt = await momentOf(rig, () => rig[silent].unreadBytes > 0, 500);
      await rig.pass(pingedAt + 29_900 - rig.clock.now());
      expect(rig[silent].ended).toBeNull();
      await rig.pass(400);
      expect(await rig[silent].tcpEnd()).toBe('reset');
      const close = await rig[otherSide(silent)].nextClose();
      expect(close.reason).toBe(`${silent} did not answer pings`);
      expect(close.code).toBe(silent === 'client' ? 1001 : 1011);
      rig[otherSide(silent)].sendClose(close.code);
      rig[otherSide(silent)].end();
      expect(await rig.result()).toMatchObject({ cause: unresponsive[silent], side: silent });
    });

    it.each(SIDES)('find a silent %s although the other side keeps talking to it', async (silent) => {
      const rig = await open({ options });
      const talker = rig[otherSide(silent)];
      answerPings(talker);
      for (let i = 0; i < 20 && rig[silent].ended === null; i++) {
        talker.sendText('are you there?');
        await rig.pass(5000, 500);
      }
      expect(rig[silent].ended).toBe('reset');
      expect(rig.clock.now()).toBeLessThanOrEqual(10_000 + 30_000 + 5000);
    });

    it('forgive two lost pings, and count the answer to the third for all', async () => {
      const rig = await open({ options });
      answerPings(rig.upstream);
      let lost = 2;
      onPing(rig.client, (payload) => {
        if (lost-- <= 0) rig.client.send({ opcode: OPCODE.pong, payload });
      });
      await rig.pass(120_000, 500);
      expect(rig.isOver).toBe(false);
      expect(rig.relay.stats().client.roundTrip?.count).toBe(12 - 2);
    });

    it('take any byte for a sign of life', async () => {
      const rig = await open({ options });
      answerPings(rig.upstream);
      const frame = rig.client.encode({ opcode: OPCODE.binary, payload: Buffer.alloc(20) });
      for (const byte of frame) {
        rig.client.write(Uint8Array.of(byte));
        await rig.pass(29_000, 500);
      }
      expect(rig.isOver).toBe(false);
      await rig.pass(12_000, 500);
      expect(rig.client.ended).toBe('reset');
    });

    it('tell how long the round trips took', async () => {
      const rig = await open({ options });
      answerPings(rig.upstream);
      for (const ms of [50, 450, 100]) {
        const ping = await rig
          .pass(10_000 - (rig.clock.now() % 10_000))
          .then(() => rig.client.nextOf(OPCODE.ping));
        rig.clock.advance(ms);
        rig.client.send({ opcode: OPCODE.pong, payload: ping.payload });
        await rig.settle();
      }
      expect(rig.relay.stats().client.roundTrip).toEqual({
        count: 3,
        lastMs: 100,
        minMs: 50,
        maxMs: 450,
        meanMs: 200,
      });
      expect(rig.relay.stats().upstream.roundTrip).toMatchObject({ count: 3, maxMs: 0 });
    });

    it.each(SIDES)('take a pong of the %s out once, and pass its duplicate', async (side) => {
      const rig = await open({ options });
      await rig.pass(10_100);
      const { payload } = await rig[side].nextOf(OPCODE.ping);
      await rig[otherSide(side)].nextOf(OPCODE.ping);
      const pong = { opcode: OPCODE.pong, payload };
      rig[side].send(pong, pong, { opcode: OPCODE.text, payload: 'after' });
      expect(await rig[otherSide(side)].nextFrame()).toMatchObject(pong);
      expect((await rig[otherSide(side)].nextMessage()).payload.toString()).toBe('after');
    });

    it('settle a ping and all before it by one pong', async () => {
      const rig = await open({ options });
      answerPings(rig.upstream);
      await rig.pass(30_100, 100);
      const pings = [];
      for (let i = 0; i < 3; i++) pings.push(await rig.client.nextOf(OPCODE.ping));
      rig.client.send({ opcode: OPCODE.pong, payload: pings[2]?.payload ?? '' });
      await rig.settle();
      await rig.pass(9_000);
      expect(rig.relay.stats().client.roundTrip?.count).toBe(1);
      expect(rig.upstream.frames).toEqual([]);
    });

    it.each(SIDES)("pass the %s's own pings and pongs untouched", async (side) => {
      const rig = await open({ options });
      const own = [
        { opcode: OPCODE.ping, payload: 'mine' },
        { opcode: OPCODE.pong, payload: 'nobody asked' },
        { opcode: OPCODE.pong, payload: Buffer.alloc(8) },
        { opcode: OPCODE.ping },
      ];
      rig[side].send(...own);
      for (const { opcode, payload = '' } of own) {
        const frame = await rig[otherSide(side)].nextFrame();
        expect(frame.opcode).toBe(opcode);
        expect(frame.payload.equals(Buffer.from(payload))).toBe(true);
      }
      rig[otherSide(side)].send({ opcode: OPCODE.pong, payload: 'mine' });
      expect((await rig[side].nextFrame()).payload.toString()).toBe('mine');
    });

    it.each(SIDES)('send no ping to a %s that owes the other end a pong', async (side) => {
      const rig = await open({ options });
      answerPings(rig[otherSide(side)]);
      rig[otherSide(side)].send({ opcode: OPCODE.ping, payload: 'theirs' });
      await rig[side].nextOf(OPCODE.ping);
      await rig.pass(25_000, 500);
      expect(rig[side].unreadBytes).toBe(0);
      rig[side].send({ opcode: OPCODE.pong, payload: 'theirs' });
      await rig.pass(10_000, 500);
      expect((await rig[side].nextOf(OPCODE.ping)).payload.length).toBe(8);
    });

    it('take the ping of the other end for the probe when nothing answers it', async () => {
      const rig = await open({ options });
      answerPings(rig.upstream);
      rig.upstream.send({ opcode: OPCODE.ping, payload: 'theirs' });
      await rig.pass(40_400, 400);
      expect(await rig.client.tcpEnd()).toBe('reset');
      expect(rig.client.unreadBytes, 'but for the ping of the upstream').toBe(2 + 6);
    });

    it('do not blame a client that they do not read', async () => {
      const rig = await open({ options });
      answerPings(rig.client);
      rig.upstream.pause();
      await flood(rig, 'client');
      await rig.pass(10 * 60_000, 1000);
      expect(rig.isOver).toBe(false);
      rig.upstream.resume();
      await rig.settle();
      answerPings(rig.upstream);
      await rig.pass(60_000, 500);
      expect(rig.isOver).toBe(false);
    });

    it('give a side that they did not read all its time again', async () => {
      const rig = await open({ options });
      rig.upstream.pause();
      await floodToBoundary(rig, 'client');
      await rig.pass(100_000, 1000);
      expect(rig.legs.client.destroyed).toBe(false);
      rig.upstream.resume();
      answerPings(rig.upstream);
      await rig.settle();
      expect(rig.legs.client.isPaused()).toBe(false);
      await rig.pass(29_900);
      expect(rig.client.ended).toBeNull();
      await rig.pass(10_500);
      expect(rig.client.ended).toBe('reset');
    });

    it('find a dead side that was not read for a while before they are due again', async () => {
      const rig = await open({ options: { pingIntervalMs: 120_000, pongTimeoutMs: 30_000 } });
      answerPings(rig.upstream);
      await rig.pass(120_200, 1000);
      rig.upstream.pause();
      await floodToBoundary(rig, 'client');
      await rig.pass(40_000, 1000);
      rig.upstream.resume();
      await rig.settle();
      await rig.pass(29_000, 1000);
      expect(rig.client.ended).toBeNull();
      await rig.pass(2000);
      expect(rig.client.ended).toBe('reset');
    });

    it('do not blame a side that reads slowly and has no room to answer', async () => {
      const rig = await open({ options });
      answerPings(rig.upstream);
      for (let i = 0; i < 8; i++) {
        rig.client.pause();
        await flood(rig, 'upstream');
        await rig.pass(20_000, 500);
        rig.client.resume();
        await rig.settle();
      }
      expect(rig.isOver).toBe(false);
      await rig.pass(31_000, 500);
      expect(rig.client.ended).toBe('reset');
    });

    it('are answered, too, by the pong to a later ping of the other end', async () => {
      const rig = await open({ options: { pingIntervalMs: 60_000, pongTimeoutMs: 30_000 } });
      answerPings(rig.upstream);
      await rig.pass(60_100, 500);
      await rig.client.nextOf(OPCODE.ping);
      rig.upstream.send({ opcode: OPCODE.ping, payload: 'theirs' });
      await rig.client.nextOf(OPCODE.ping);
      rig.client.send({ opcode: OPCODE.pong, payload: 'theirs' });
      await rig.pass(59_000, 500);
      expect(rig.isOver).toBe(false);
      expect(rig.client.ended).toBeNull();
    });

    it('are left out when a close waits at the same boundary', async () => {
      const rig = await open({ options });
      const frame = rig.upstream.encode({ opcode: OPCODE.binary, payload: Buffer.alloc(100) });
      rig.upstream.write(frame.subarray(0, 50));
      await rig.pass(10_200);
      rig.relay.close('draining');
      rig.upstream.write(frame.subarray(50));
      expect((await rig.client.nextFrame()).opcode).toBe(OPCODE.binary);
      expect((await rig.client.nextFrame()).opcode).toBe(OPCODE.close);
    });

    it('wait for the end of a frame, and start no clock before', async () => {
      const rig = await open({ options });
      const frame = rig.client.encode({ opcode: OPCODE.binary, payload: Buffer.alloc(100) });
      rig.client.write(frame.subarray(0, 50));
      // The client lives by its bytes; the upstream owes nothing, since no ping reached it.
      for (let at = 50; at < 65; at++) {
        await rig.pass(20_000, 500);
        rig.client.write(frame.subarray(at, at + 1));
        await rig.settle();
      }
      expect(rig.upstream.unreadBytes).toBe(65);
      expect(rig.isOver).toBe(false);
      rig.client.write(frame.subarray(65));
      await rig.settle();
      expect((await rig.upstream.nextMessage()).payload.length).toBe(100);
      expect(await rig.upstream.nextFrame()).toMatchObject({ opcode: OPCODE.ping });
      expect(rig.upstream.unreadBytes, 'one ping for all that waited').toBe(0);
    });

    it('go between two fragments, compressed or not', async () => {
      const rig = await open({ options, extensions: 'permessage-deflate' });
      rig.client.send({ opcode: OPCODE.text, rsv1: true, fin: false, payload: 'one' });
      await rig.pass(10_100);
      rig.client.send({ opcode: OPCODE.continuation, payload: 'two' });
      await rig.upstream.nextFrame();
      expect((await rig.upstream.nextFrame()).opcode).toBe(OPCODE.ping);
      expect((await rig.upstream.nextFrame()).opcode).toBe(OPCODE.continuation);
    });

    it('blame nobody for an hour in which the process did not run', async () => {
      const rig = await open({ options: { ...options, maxInactivityMs: 60_000 } });
      answerPings(rig.client);
      answerPings(rig.upstream);
      await rig.pass(15_000, 500);
      rig.clock.leap(HOUR_MS);
      await rig.pass(40_000, 500);
      expect(rig.isOver).toBe(false);
      rig.clock.leap(HOUR_MS);
      rig.clock.advance(100);
      await rig.settle();
      expect(rig.isOver).toBe(false);
    });

    it('do not go on once a side is closing', async () => {
      const rig = await open({ options: { ...options, closeTimeoutMs: 100_000 } });
      rig.client.sendClose(1000);
      await rig.upstream.nextClose();
      await rig.pass(60_000, 500);
      expect(rig.upstream.unreadBytes + rig.client.unreadBytes).toBe(0);
      expect(rig.isOver).toBe(false);
    });

    it('start with any part of pingInterval, so that not all connections are pinged at once', async () => {
      const rig = await open({ options, random: () => 0.75 });
      await rig.pass(2400);
      expect(rig.client.unreadBytes).toBe(0);
      await rig.pass(300);
      expect(rig.client.unreadBytes).toBe(
        buildFrame({ opcode: OPCODE.ping, payload: Buffer.alloc(8) }).length,
      );
    });
  });
}

function pingsOf(end: RawConnection): Buffer[] {
  const pings: Buffer[] = [];
  onPing(end, (payload) => pings.push(payload));
  return pings;
}

/** The time at which `happened` becomes true, on the clock of the test. */
async function momentOf(rig: Rig, happened: () => boolean, withinMs: number): Promise<number> {
  const endMs = rig.clock.now() + withinMs;
  while (!happened() && rig.clock.now() < endMs) await rig.pass(100);
  expect(happened()).toBe(true);
  return rig.clock.now();
}
