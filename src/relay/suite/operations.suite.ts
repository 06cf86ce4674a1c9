import { describe, expect, it } from 'vitest';
import { fragmented, OPCODE } from '../../../test/support/frames.ts';
import { otherSide, type Side } from '../../base/side.ts';
import { flood, type MakeEngine, useRigs } from './rig.suite.ts';

const SIDES: readonly Side[] = ['client', 'upstream'];
const CLOSE_TIMEOUT_MS = 5000;
const ourCode = { client: 1012, upstream: 1001 };

export function operationsSuite(makeEngine: MakeEngine): void {
  describe.each(SIDES)('send to the %s', (to) => {
    const open = useRigs(makeEngine);
    const from = otherSide(to);

    it('puts a text or binary message in between two messages', async () => {
      const rig = await open();
      expect(rig.relay.send(to, 'für dich')).toBe('sent');
      expect(rig.relay.send(to, Uint8Array.of(1, 2, 3))).toBe('sent');
      rig[from].sendText('theirs');
      expect(await rig[to].nextMessage()).toMatchObject({ opcode: 1, payload: Buffer.from('für dich') });
      expect(await rig[to].nextMessage()).toMatchObject({ opcode: 2, payload: Buffer.of(1, 2, 3) });
      expect((await rig[to].nextMessage()).payload.toString()).toBe('theirs');
      expect(rig.relay.stats()[from].messages).toBe(1);
    });

    it('waits for the end of a message under way', async () => {
      const rig = await open();
      const [first, second, third] = fragmented(OPCODE.text, Buffer.from('abcdef'), [2, 4]).map((frame) =>
        rig[from].encode(frame),
      ) as [Buffer, Buffer, Buffer];
      rig[from].write(first.subarray(0, -1));
      await rig.settle();
      expect(rig.relay.send(to, 'one')).toBe('queued');
      rig[from].write(Buffer.concat([first.subarray(-1), second]));
      await rig.settle();
      expect(rig.relay.send(to, 'two')).toBe('queued');
      rig[from].send({ opcode: OPCODE.ping });
      // The rest of the message and another one in the same chunk: ours goes between them.
      rig[from].write(Buffer.concat([third, rig[from].encode({ opcode: OPCODE.text, payload: 'next' })]));
      const messages = [];
      for (let i = 0; i < 4; i++) messages.push((await rig[to].nextMessage()).payload.toString());
      expect(messages).toEqual(['abcdef', 'one', 'two', 'next']);
      expect(rig.relay.send(to, 'three')).toBe('sent');
    });

    it('waits for a side that is slow to read, up to 64 KiB', async () => {
      const rig = await open();
      rig[to].pause();
      await flood(rig, from);
      let queued = 0;
      const text = 'x'.repeat(10_000);
      while (rig.relay.send(to, text) === 'queued') queued++;
      expect(rig.relay.send(to, text)).toBe('full');
      expect(queued).toBeGreaterThanOrEqual(6);
      expect(queued).toBeLessThanOrEqual(7);
      rig[to].resume();
      await rig.settle();
      let ours = 0;
      while (rig[to].unreadBytes > 0) if ((await rig[to].nextMessage()).opcode === OPCODE.text) ours++;
      expect(ours).toBe(queued);
    });

    it('says closed once a close was sent, and after the end', async () => {
      const rig = await open();
      rig.relay.close('draining');
      expect(rig.relay.send(to, 'late')).toBe('closed');
      rig.client.destroy();
      rig.upstream.destroy();
      await rig.result();
      expect(rig.relay.send(to, 'later')).toBe('closed');
    });

    it('says closed while a close waits for the end of a frame', async () => {
      const rig = await open();
      rig[from].write(rig[from].encode({ opcode: OPCODE.text, payload: 'half' }).subarray(0, -2));
      await rig.settle();
      rig.relay.close('draining');
      expect(rig.relay.send(to, 'late')).toBe('closed');
    });

    it('says closed when the side has gone', async () => {
      const rig = await open();
      rig[to].reset();
      await rig.settle();
      expect(rig.relay.send(to, 'anyone?')).toBe('closed');
    });
  });

  describe.each(SIDES)('close, seen from the %s', (to) => {
    const open = useRigs(makeEngine);
    const from = otherSide(to);
    const [first, second] = fragmented(OPCODE.text, Buffer.from('abcdef'), [3]);

    it('comes at the end of the frame under way', async () => {
      const rig = await open();
      const frame = rig[from].encode({ opcode: OPCODE.text, payload: 'to its end' });
      rig[from].write(frame.subarray(0, 8));
      await rig.settle();
      rig.relay.close('draining');
      await rig.settle();
      expect(rig[to].unreadBytes).toBe(8);
      rig[from].write(
        Buffer.concat([frame.subarray(8), rig[from].encode({ opcode: OPCODE.text, payload: 'x' })]),
      );
      expect((await rig[to].nextMessage()).payload.toString()).toBe('to its end');
      expect((await rig[to].nextClose()).code).toBe(ourCode[to]);
      expect(rig[to].frames).toHaveLength(2);
    });

    it('comes before what was queued for the same boundary, unless it waits for the message', async () => {
      for (const [at, expected] of [
        ['frame', [OPCODE.text, OPCODE.close]],
        ['message', [OPCODE.text, OPCODE.text, OPCODE.close]],
      ] as const) {
        const rig = await open();
        const frame = rig[from].encode({ opcode: OPCODE.text, payload: 'to its end' });
        rig[from].write(frame.subarray(0, 8));
        await rig.settle();
        rig.relay.send(to, 'queued');
        rig.relay.close('draining', { at });
        rig[from].write(frame.subarray(8));
        for (const opcode of expected) expect((await rig[to].nextFrame()).opcode).toBe(opcode);
      }
    });

    it('comes between two fragments', async () => {
      const rig = await open();
      rig[from].send(first ?? { opcode: 1 });
      await rig[to].nextFrame();
      rig.relay.close('draining');
      expect((await rig[to].nextClose()).code).toBe(ourCode[to]);
    });

    it('waits for the end of the message when asked to, with what was queued before it', async () => {
      const rig = await open();
      rig[from].send(first ?? { opcode: 1 });
      await rig.settle();
      expect(rig.relay.send(to, 'ours')).toBe('queued');
      rig.relay.close('draining', { at: 'message', withinMs: 60_000 });
      rig[from].send({ opcode: OPCODE.ping });
      await rig.pass(1000);
      rig[from].send(second ?? { opcode: 0 }, { opcode: OPCODE.text, payload: 'not any more' });
      expect((await rig[to].nextMessage()).payload.toString()).toBe('abcdef');
      expect((await rig[to].nextMessage()).payload.toString()).toBe('ours');
      expect((await rig[to].nextFrame()).opcode).toBe(OPCODE.close);
    });

    it.each([1000, 30_000])('waits for it no more than %i ms', async (withinMs) => {
      const rig = await open();
      rig[from].send(first ?? { opcode: 1 });
      await rig[to].nextFrame();
      rig.relay.close('draining', { at: 'message', withinMs });
      await rig.pass(withinMs - 100);
      expect(rig[to].unreadBytes).toBe(0);
      expect(rig[to].ended).toBeNull();
      await rig.pass(400);
      expect((await rig[to].nextClose()).code).toBe(ourCode[to]);
    });

    it('waits no longer when the source of the message closes or goes', async () => {
      for (const leave of ['sendClose', 'end', 'reset'] as const) {
        const rig = await open();
        rig[from].send(first ?? { opcode: 1 });
        await rig[to].nextFrame();
        rig.relay.close('draining', { at: 'message', withinMs: 60_000 });
        rig[from][leave]();
        expect((await rig[to].nextClose()).code).toBe(ourCode[to]);
        rig[to].sendClose(1000);
        rig[to].end();
        rig[from].end();
        await rig[to].tcpEnd();
        expect((await rig.result()).cause).toBe('draining');
      }
    });

    it('waits for it no more than closeTimeout when not told how long', async () => {
      const rig = await open();
      rig[from].send(first ?? { opcode: 1 });
      await rig[to].nextFrame();
      rig.relay.close('draining', { at: 'message' });
      await rig.pass(CLOSE_TIMEOUT_MS - 100);
      expect(rig[to].unreadBytes).toBe(0);
      await rig.pass(400);
      expect((await rig[to].nextClose()).code).toBe(ourCode[to]);
    });

    it('gives both ends closeTimeout for their answer from when the message has ended', async () => {
      const rig = await open();
      rig[from].send(first ?? { opcode: 1 });
      await rig.settle();
      rig.relay.close('draining', { at: 'message', withinMs: 60_000 });
      await rig.pass(20_000, 500);
      rig[from].send(second ?? { opcode: 0 });
      expect((await rig[to].nextClose()).code).toBe(ourCode[to]);
      await rig.settle();
      await rig.pass(CLOSE_TIMEOUT_MS - 100);
      expect([rig.client.ended, rig.upstream.ended]).toEqual([null, null]);
      await rig.pass(400);
      await rig.result();
    });

    it('gives a frame that never ends four times closeTimeout', async () => {
      const rig = await open();
      rig[from].write(rig[from].encode({ opcode: OPCODE.text, payload: 'half' }).subarray(0, -2));
      await rig.settle();
      rig.relay.close('draining');
      const told = await rig[from].nextClose();
      expect(told.code).toBe(ourCode[from]);
      await rig.pass(4 * CLOSE_TIMEOUT_MS + CLOSE_TIMEOUT_MS + 500, 500);
      await rig[to].tcpEnd();
      await rig.result();
    });
  });

  describe('close', () => {
    const open = useRigs(makeEngine);

    it('stands: later ones change nothing, neither cause nor time', async () => {
      const rig = await open();
      rig.upstream.send({ opcode: OPCODE.text, fin: false, payload: 'begun' });
      await rig.settle();
      await rig.client.nextFrame();
      rig.relay.close('draining', { at: 'message', withinMs: 10_000 });
      rig.relay.close('closed-by-operator', { code: 4000, at: 'message', withinMs: 1000 });
      await rig.pass(9_000);
      expect(rig.client.unreadBytes).toBe(0);
      await rig.pass(1300);
      expect((await rig.client.nextClose()).code).toBe(1012);
      rig.client.destroy();
      rig.upstream.destroy();
      expect((await rig.result()).cause).toBe('draining');
    });

    it('cuts a reason that is too long at a character', async () => {
      const rig = await open();
      rig.relay.close('closed-by-operator', { reason: '€'.repeat(50) });
      expect((await rig.client.nextClose()).reason).toBe('€'.repeat(41));
    });

    it('after the end does nothing', async () => {
      const rig = await open();
      rig.client.destroy();
      rig.upstream.destroy();
      const { cause } = await rig.result();
      rig.relay.close('draining', { at: 'message', withinMs: 1000 });
      expect(rig.clock.pending).toBe(0);
      expect((await rig.relay.result).cause).toBe(cause);
    });

    it('tells how long the connection lasted', async () => {
      const rig = await open();
      await rig.pass(12_345, 1000);
      expect(rig.relay.stats().durationMs).toBe(12_345);
      rig.client.destroy();
      rig.upstream.destroy();
      expect((await rig.result()).durationMs).toBe(12_345);
    });
  });

  describe('terminate', () => {
    const open = useRigs(makeEngine);

    it('ends both sides at once, and tells them nothing', async () => {
      const rig = await open();
      rig.relay.terminate();
      await rig.client.tcpEnd();
      await rig.upstream.tcpEnd();
      expect(rig.client.unreadBytes + rig.upstream.unreadBytes).toBe(0);
      const { cause, side, client, upstream } = await rig.result();
      expect({ cause, side }).toEqual({ cause: 'draining', side: null });
      expect([client.closeSent, upstream.closeSent]).toEqual([null, null]);
    });

    it('cuts a closing short, whose cause stands', async () => {
      const rig = await open();
      rig.client.sendClose(4001);
      await rig.upstream.nextClose();
      rig.relay.terminate();
      await rig.client.tcpEnd();
      const { cause, client, upstream } = await rig.result();
      expect(cause).toBe('client-closed');
      expect([client.closeReceived, client.closeSent]).toEqual([4001, null]);
      expect([upstream.closeReceived, upstream.closeSent]).toEqual([null, 4001]);
    });

    it.each(SIDES)('does not wait for a %s that does not read', async (slow) => {
      const rig = await open();
      rig[slow].pause();
      await flood(rig, otherSide(slow));
      rig.relay.terminate();
      await rig.settle();
      await rig.result();
    });

    it('after the end does nothing', async () => {
      const rig = await open();
      rig.client.destroy();
      rig.upstream.destroy();
      await rig.result();
      rig.relay.terminate();
      await rig.result();
    });
  });

  describe('several relays of one engine', () => {
    const open = useRigs(makeEngine);

    it('do not touch one another', async () => {
      const [a, b] = [await open(), await open()];
      a.client.sendText('to a');
      b.client.sendText('to b');
      expect((await b.upstream.nextMessage()).payload.toString()).toBe('to b');
      expect((await a.upstream.nextMessage()).payload.toString()).toBe('to a');
      a.client.reset();
      expect((await a.upstream.nextClose()).code).toBe(1001);
      b.upstream.sendText('still here');
      expect((await b.client.nextMessage()).payload.toString()).toBe('still here');
    });
  });
}
