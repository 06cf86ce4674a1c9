import { describe, expect, it } from 'vitest';
import { type FrameSpec, fragmented, OPCODE } from '../../../test/support/frames.ts';
import { otherSide, type Side } from '../../base/side.ts';
import { answerPings, flood, type MakeEngine, type Rig, record, useRigs } from './rig.suite.ts';

const SIDES: readonly Side[] = ['client', 'upstream'];

export function limitsSuite(makeEngine: MakeEngine): void {
  describe('maxAge', () => {
    const open = useRigs(makeEngine);
    const options = { maxAge: { afterMs: 60_000, jitterMs: 30_000 } };

    it('drains a connection that is old enough, however busy it is, and never early', async () => {
      const rig = await open({ options });
      let passedMs = 0;
      for (; passedMs < 60_000; passedMs += 10_000) {
        rig.client.sendText('busy');
        await rig.pass(10_000 - (passedMs === 50_000 ? 100 : 0), 500);
        expect((await rig.upstream.nextMessage()).payload.toString()).toBe('busy');
      }
      expect(rig.client.unreadBytes + rig.upstream.unreadBytes).toBe(0);
      await rig.pass(30_400, 500);
      expect(await rig.client.nextClose()).toEqual({ code: 1012, reason: 'service restart' });
      expect((await rig.upstream.nextClose()).code).toBe(1001);
    });

    it('waits for the end of a message', async () => {
      const rig = await open({ options: { maxAge: { afterMs: 60_000, jitterMs: 0 } } });
      const message = fragmented(OPCODE.text, Buffer.from('whole'), [2]);
      const [first, second] = message.map((frame) => rig.upstream.encode(frame));
      if (first === undefined || second === undefined) throw new Error('there are two fragments');
      await rig.pass(59_000, 500);
      rig.upstream.write(first);
      await rig.pass(2_000, 500);
      expect(rig.isOver).toBe(false);
      rig.upstream.write(second);
      expect((await rig.client.nextMessage()).payload.toString()).toBe('whole');
      expect((await rig.client.nextClose()).code).toBe(1012);
    });
  });

  describe('maxInactivity', () => {
    const open = useRigs(makeEngine);
    const options = { maxInactivityMs: 60_000 };

    it('counts from the beginning, and is never early', async () => {
      const rig = await open({ options });
      await rig.pass(59_900, 500);
      expect(rig.client.unreadBytes + rig.upstream.unreadBytes).toBe(0);
      await rig.pass(400);
      expect(await rig.client.nextClose()).toEqual({ code: 1001, reason: 'no messages for 60s' });
      expect(await rig.upstream.nextClose()).toEqual({ code: 1001, reason: 'no messages for 60s' });
    });

    it.each(SIDES)('begins anew with every message of the %s, an empty one, too', async (side) => {
      const rig = await open({ options });
      for (const payload of ['', 'x', '']) {
        await rig.pass(59_000, 1000);
        rig[side].sendText(payload);
        await rig.settle();
      }
      await rig.pass(59_000, 1000);
      expect(rig.isOver).toBe(false);
      expect(rig[side].unreadBytes).toBe(0);
      await rig.pass(1300);
      expect((await rig[side].nextClose()).code).toBe(1001);
    });

    it.each(SIDES)('takes every byte of a long frame of the %s for activity', async (side) => {
      const rig = await open({ options });
      const frame = rig[side].encode({ opcode: OPCODE.binary, payload: Buffer.alloc(1000) });
      for (let at = 0; at < 100; at += 20) {
        rig[side].write(frame.subarray(at, at + 20));
        await rig.pass(50_000, 1000);
      }
      expect(rig[side].ended).toBeNull();
      expect(rig[side].unreadBytes).toBe(0);
    });

    it('does not take pings and pongs for activity, whoever sends them', async () => {
      const rig = await open({ options: { ...options, pingIntervalMs: 10_000, pongTimeoutMs: 30_000 } });
      answerPings(rig.client);
      answerPings(rig.upstream);
      for (let i = 0; i < 6; i++) {
        await rig.pass(9_900, 300);
        rig.client.send({ opcode: OPCODE.ping, payload: 'own' }, { opcode: OPCODE.pong });
        rig.upstream.send({ opcode: OPCODE.ping, payload: 'own' });
        await rig.settle();
      }
      await rig.pass(1000);
      expect((await rig.client.nextClose()).reason).toBe('no messages for 60s');
    });

    it('sweeps no connection that is closing', async () => {
      const rig = await open({ options: { ...options, closeTimeoutMs: 200_000 } });
      rig.client.sendClose(4001);
      await rig.upstream.nextClose();
      await rig.pass(150_000, 5000);
      expect(rig.upstream.unreadBytes).toBe(0);
      rig.upstream.sendClose(4001);
      expect((await rig.client.nextClose()).code).toBe(4001);
    });
  });

  describe('maxMessageBytes', () => {
    const open = useRigs(makeEngine);
    const options = { maxMessageBytes: 100 };
    const message = (bytes: number): FrameSpec[] => fragmented(OPCODE.binary, Buffer.alloc(bytes), [40, 80]);

    it.each(SIDES)('lets messages of the %s pass that just fit, fragments summed', async (side) => {
      const rig = await open({ options });
      const ping = { opcode: OPCODE.ping, payload: Buffer.alloc(125) };
      rig[side].send(...message(100), ping, ...message(100));
      for (let i = 0; i < 2; i++) {
        expect((await rig[otherSide(side)].nextMessage()).payload.length).toBe(100);
      }
    });

    it.each(SIDES)('stops a message of the %s at the frame that goes over', async (side) => {
      const rig = await open({ options });
      rig[side].send(...message(101));
      for (let i = 0; i < 2; i++) expect((await rig[otherSide(side)].nextFrame()).length).toBe(40n);
      expect((await rig[otherSide(side)].nextFrame()).opcode).toBe(OPCODE.close);
      expect(await rig[side].nextClose()).toEqual({ code: 1009, reason: 'message too big' });
    });

    it('refuses by the header alone, with nothing of the frame passed on', async () => {
      const rig = await open({ options });
      rig.client.write(
        rig.client.encode({ opcode: OPCODE.binary, payload: Buffer.alloc(101) }).subarray(0, 6),
      );
      expect((await rig.client.nextClose()).code).toBe(1009);
      expect((await rig.upstream.nextFrame()).opcode).toBe(OPCODE.close);
    });

    it('answers a length that nobody could count with 1009, too', async () => {
      const rig = await open();
      rig.client.send({ opcode: OPCODE.binary, declaredLength: 2n ** 53n });
      expect((await rig.client.nextClose()).code).toBe(1009);
    });
  });

  describe('maxControlFrames', () => {
    const open = useRigs(makeEngine);
    const options = { maxControlFrames: 100 };
    const ping: FrameSpec = { opcode: OPCODE.ping };
    const times = (n: number, ...frames: FrameSpec[]): FrameSpec[] =>
      Array.from({ length: n }, () => frames).flat();

    it.each([
      ['pings', [ping]],
      ['pongs', [{ opcode: OPCODE.pong }]],
    ] as const)('lets a burst of twice as many %s pass, then 100 a second', async (_what, frames) => {
      const rig = await open({ options });
      rig.client.send(...times(200, ...frames));
      for (let seconds = 0; seconds < 5; seconds++) {
        await rig.settle();
        await rig.pass(1000);
        rig.client.send(...times(100, ...frames));
      }
      await rig.settle();
      expect(rig.upstream.unreadBytes).toBe(700 * 6);
      rig.client.send(...frames);
      expect((await rig.client.nextClose()).code).toBe(1008);
    });

    it('counts empty fragments, at either end of a message', async () => {
      const rig = await open({ options });
      const empty = [{ opcode: OPCODE.text, fin: false }, { opcode: OPCODE.continuation }];
      rig.upstream.send(...times(101, ...empty));
      expect((await rig.upstream.nextClose()).code).toBe(1008);
    });

    it('does not count empty messages, fragments with content, or the other side', async () => {
      const rig = await open({ options });
      const message = fragmented(OPCODE.text, Buffer.from('ab'), [1]);
      rig.client.send(...times(500, { opcode: OPCODE.text }, ...message), ...times(200, ping));
      rig.upstream.send(...times(200, ping));
      await rig.settle();
      expect(rig.relay.stats().client.messages).toBe(1000);
      expect(rig.client.unreadBytes).toBe(200 * 2);
      expect(rig.isOver).toBe(false);
    });

    it('does not count the answers to our pings', async () => {
      const rig = await open({ options: { maxControlFrames: 1, pingIntervalMs: 100 } });
      answerPings(rig.client);
      answerPings(rig.upstream);
      await rig.pass(5000);
      expect(rig.isOver).toBe(false);
      expect(rig.relay.stats().client.roundTrip?.count).toBeGreaterThan(20);
    });

    it('passes what is allowed, nothing of what is not, and whole frames only', async () => {
      const rig = await open({ options });
      const received = record(rig.upstream);
      rig.client.send(...times(300, ping));
      await rig.upstream.nextClose();
      expect(rig.upstream.frames.length).toBe(200 + 1);
      expect(received().length).toBeGreaterThan(200 * 6);
    });
  });

  describe('writeTimeout', () => {
    const open = useRigs(makeEngine);
    const options = { writeTimeoutMs: 10_000 };

    it.each(SIDES)(
      'drops a %s that does not read, not before its time, and what it has not read',
      async (slow) => {
        const rig = await open({ options });
        const received = record(rig[slow]);
        rig[slow].pause();
        await flood(rig, otherSide(slow));
        await rig.pass(9_800, 200);
        expect(rig.legs[slow].destroyed).toBe(false);
        await rig.pass(500);
        expect(rig.legs[slow].destroyed).toBe(true);
        rig[slow].resume();
        await rig[slow].tcpEnd();
        expect(received().length).toBeLessThan(rig.relay.stats()[otherSide(slow)].bytes - 256 * 1024);
      },
    );

    it.each(SIDES)('leaves a %s alone that reads now and then', async (slow) => {
      const rig = await open({ options });
      for (let i = 0; i < 5; i++) {
        await blockedFor(rig, slow, 9_000);
      }
      expect(rig.isOver).toBe(false);
    });

    it('is off by default, however long nobody reads', async () => {
      const rig = await open();
      rig.client.pause();
      await flood(rig, 'upstream');
      await rig.pass(3_600_000, 60_000);
      expect(rig.isOver).toBe(false);
    });
  });
}

async function blockedFor(rig: Rig, slow: Side, ms: number): Promise<void> {
  rig[slow].pause();
  await flood(rig, otherSide(slow));
  await rig.pass(ms, 500);
  rig[slow].resume();
  await rig.settle();
}
