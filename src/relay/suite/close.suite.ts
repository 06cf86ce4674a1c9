import { describe, expect, it } from 'vitest';
import { buildFrame, closeFrame, OPCODE } from '../../../test/support/frames.ts';
import type { Cause } from '../../base/causes.ts';
import { otherSide, type Side } from '../../base/side.ts';
import { flood, floodToBoundary, type MakeEngine, type Rig, record, useRigs } from './rig.suite.ts';

const CLOSE_TIMEOUT_MS = 5000;
const SIDES: readonly Side[] = ['client', 'upstream'];
const closed: Record<Side, Cause> = { client: 'client-closed', upstream: 'upstream-closed' };

export function closeSuite(makeEngine: MakeEngine): void {
  describe.each(SIDES)('a close frame from the %s', (closer) => {
    const open = useRigs(makeEngine);
    const other = otherSide(closer);
    const codesOf = (closerCode: number | null, otherCode: number | null) => ({
      cause: closed[closer],
      side: closer,
      [closer]: { closeReceived: closerCode, closeSent: otherCode },
      [other]: { closeReceived: otherCode, closeSent: closerCode },
    });

    it('is forwarded as it is, and so is the reply', async () => {
      const rig = await open();
      const received = record(rig[other]);
      const bytes = rig[closer].encode(closeFrame(4001, 'bye'));
      rig[closer].write(bytes);
      expect(await rig[other].nextClose()).toEqual({ code: 4001, reason: 'bye' });
      expect(received().equals(bytes)).toBe(true);
      rig[other].sendClose(4002, 'and bye');
      expect(await rig[closer].nextClose()).toEqual({ code: 4002, reason: 'and bye' });
      await endBoth(rig);
      expect(await rig.result()).toMatchObject(codesOf(4001, 4002));
    });

    it('is forwarded without a code when it has none', async () => {
      const rig = await open();
      rig[closer].sendClose();
      expect(await rig[other].nextClose()).toEqual({ code: 1005, reason: '' });
      rig[other].sendClose();
      expect(await rig[closer].nextClose()).toEqual({ code: 1005, reason: '' });
      await endBoth(rig);
      expect(await rig.result()).toMatchObject(codesOf(1005, 1005));
    });

    it('arrives when it is cut anywhere', async () => {
      const bytes = buildFrame({
        ...closeFrame(4001, 'bye'),
        mask: closer === 'client' ? Buffer.from([1, 2, 3, 4]) : null,
      });
      for (let at = 1; at < bytes.length; at++) {
        const rig = await open();
        rig[closer].write(bytes.subarray(0, at));
        await rig.settle();
        expect(rig[other].unreadBytes).toBe(0);
        rig[closer].write(bytes.subarray(at));
        expect(await rig[other].nextClose()).toEqual({ code: 4001, reason: 'bye' });
      }
    });

    it('is the cause, whatever happens afterwards', async () => {
      const rig = await open();
      rig[closer].sendClose(4001);
      await rig[other].nextClose();
      rig.relay.close('draining');
      rig[other].sendClose(4002);
      expect(await rig[closer].nextClose()).toEqual({ code: 4002, reason: '' });
      await endBoth(rig);
      expect(await rig.result()).toMatchObject(codesOf(4001, 4002));
    });

    it('ends what comes from it: later bytes are dropped and no error', async () => {
      const rig = await open();
      rig[closer].send(closeFrame(4001), { opcode: 3, rsv3: true, payload: 'rubbish' });
      rig[closer].write('more rubbish');
      await rig[other].nextClose();
      await rig.settle();
      expect(rig[other].unreadBytes).toBe(0);
      rig[other].sendClose(4001);
      await rig[closer].nextClose();
      await endBoth(rig);
      expect(await rig.result()).toMatchObject(codesOf(4001, 4001));
    });

    it('lets data of the other side flow until that closes too', async () => {
      const rig = await open();
      rig[closer].sendClose(4001);
      await rig[other].nextClose();
      for (const text of ['one', 'two']) {
        rig[other].sendText(text);
        expect((await rig[closer].nextMessage()).payload.toString()).toBe(text);
      }
      rig[other].sendClose(4001);
      expect((await rig[closer].nextClose()).code).toBe(4001);
      expect(rig.relay.stats()[other].messages).toBe(2);
    });

    it('is forwarded in the middle of a fragmented message, its own and that of the other side', async () => {
      const rig = await open();
      rig[closer].send({ opcode: OPCODE.text, fin: false, payload: 'begun' });
      rig[other].send({ opcode: OPCODE.text, fin: false, payload: 'begun' });
      rig[closer].sendClose(4001);
      expect((await rig[other].nextClose()).code).toBe(4001);
      rig[other].sendClose(4001);
      expect((await rig[closer].nextClose()).code).toBe(4001);
      await endBoth(rig);
      expect(await rig.result()).toMatchObject(codesOf(4001, 4001));
    });

    it('waits for the end of a frame of the other side before the reply', async () => {
      const rig = await open();
      const message = rig[other].encode({ opcode: OPCODE.text, payload: 'in two pieces' });
      rig[other].write(message.subarray(0, 10));
      await rig.settle();
      rig[closer].sendClose(4001);
      await rig[other].nextClose();
      rig[other].write(message.subarray(10));
      rig[other].sendClose(4001);
      expect((await rig[closer].nextMessage()).payload.toString()).toBe('in two pieces');
      expect((await rig[closer].nextClose()).code).toBe(4001);
    });

    it('is echoed when the other side does not reply within closeTimeout', async () => {
      const rig = await open();
      rig[closer].sendClose(4001, 'bye');
      await rig[other].nextClose();
      await rig.settle();
      await rig.pass(CLOSE_TIMEOUT_MS - 100);
      expect(rig[closer].unreadBytes).toBe(0);
      expect(rig[other].ended).toBeNull();
      await rig.pass(400);
      expect((await rig[closer].nextClose()).code).toBe(4001);
      await rig[other].tcpEnd();
      await endBoth(rig);
      const result = await rig.result();
      expect(result).toMatchObject({ cause: closed[closer], side: closer });
      expect(result[closer]).toMatchObject({ closeReceived: 4001, closeSent: 4001 });
      expect(result[other]).toMatchObject({ closeReceived: null, closeSent: 4001 });
    });

    it('is echoed without a code when it had none', async () => {
      const rig = await open();
      rig[closer].sendClose();
      await rig[other].nextClose();
      await rig.pass(CLOSE_TIMEOUT_MS + 300);
      expect(await rig[closer].nextClose()).toEqual({ code: 1005, reason: '' });
    });

    it.each(['end', 'reset'] as const)('is echoed at once on an %s of the other side', async (leave) => {
      const rig = await open();
      rig[closer].sendClose(4001);
      await rig[other].nextClose();
      rig[other][leave]();
      expect((await rig[closer].nextClose()).code).toBe(4001);
      await endBoth(rig);
      expect(await rig.result()).toMatchObject({ cause: closed[closer], side: closer });
    });

    it('is echoed when the other side answers with rubbish', async () => {
      const rig = await open();
      rig[closer].sendClose(4001);
      await rig[other].nextClose();
      rig[other].send({ opcode: 3 });
      expect((await rig[closer].nextClose()).code).toBe(4001);
      expect(await rig[other].tcpEnd()).toBe('fin');
      await endBoth(rig);
      expect(await rig.result()).toMatchObject({ cause: closed[closer], side: closer });
    });

    it.each(['end', 'reset'] as const)('stands when an %s of its TCP is right behind it', async (leave) => {
      const rig = await open();
      rig[closer].sendClose(4001);
      await rig.settle();
      rig[closer][leave]();
      await rig.settle();
      expect((await rig[other].nextClose()).code).toBe(4001);
      rig[other].sendClose(4001);
      if (leave === 'end' && closer === 'client') {
        expect((await rig[closer].nextClose()).code).toBe(4001);
      }
      await endBoth(rig);
      expect(await rig.result()).toMatchObject({ cause: closed[closer], side: closer });
    });

    it.each([
      ['in the middle of a frame', flood],
      ['between two frames', floodToBoundary],
    ])('that does not read on does not rob the other side of its reply, %s', async (_where, fill) => {
      const rig = await open();
      rig[closer].pause();
      await fill(rig, other);
      rig[closer].sendClose(4001);
      await rig.settle();
      rig[other].sendClose((await rig[other].nextClose()).code);
      rig[other].end();
      await rig.pass(CLOSE_TIMEOUT_MS + 300);
      expect(rig.relay.stats()[other].closeReceived).toBe(4001);
      await rig.pass(5 * CLOSE_TIMEOUT_MS, 500);
      expect(await rig.result()).toMatchObject({ cause: closed[closer], side: closer });
    });
  });

  describe('closing', () => {
    const open = useRigs(makeEngine);

    it('forwards two closes that cross as the reply to one another', async () => {
      const rig = await open();
      rig.client.sendClose(4001, 'from the client');
      rig.upstream.sendClose(4002, 'from the upstream');
      expect(await rig.client.nextClose()).toEqual({ code: 4002, reason: 'from the upstream' });
      expect(await rig.upstream.nextClose()).toEqual({ code: 4001, reason: 'from the client' });
      await endBoth(rig);
      const { cause, side, client, upstream } = await rig.result();
      expect(cause).toBe(closed[side ?? 'client']);
      expect(client).toMatchObject({ closeReceived: 4001, closeSent: 4002 });
      expect(upstream).toMatchObject({ closeReceived: 4002, closeSent: 4001 });
    });

    it('ends the TCP of the client at once, and gives the upstream closeTimeout to end its own', async () => {
      const rig = await open();
      rig.client.sendClose(4001);
      await rig.upstream.nextClose();
      rig.upstream.sendClose(4001);
      expect(await rig.client.tcpEnd()).toBe('fin');
      rig.client.end();
      await rig.pass(CLOSE_TIMEOUT_MS - 100);
      expect(rig.upstream.ended).toBeNull();
      expect(rig.isOver).toBe(false);
      await rig.pass(400);
      await rig.upstream.tcpEnd();
      await rig.result();
    });

    it('ends as soon as the upstream ends its TCP', async () => {
      const rig = await open();
      rig.client.sendClose(4001);
      await rig.upstream.nextClose();
      rig.upstream.sendClose(4001);
      rig.upstream.end();
      await rig.client.tcpEnd();
      rig.client.end();
      expect(await rig.upstream.tcpEnd()).toBe('fin');
      await rig.result();
    });

    it('gives a client that does not end its TCP no more than closeTimeout', async () => {
      const rig = await open();
      rig.client.sendClose(4001);
      await rig.upstream.nextClose();
      rig.upstream.sendClose(4001);
      rig.upstream.end();
      await rig.client.tcpEnd();
      await rig.pass(CLOSE_TIMEOUT_MS - 100);
      expect(rig.isOver).toBe(false);
      await rig.pass(400);
      await rig.result();
    });

    it.each(SIDES)(
      'gives up on a %s that does not read, four times closeTimeout after queueing',
      async (slow) => {
        const rig = await open();
        const other = otherSide(slow);
        const received = record(rig[slow]);
        rig[slow].pause();
        await floodToBoundary(rig, other);
        rig.relay.close('draining');
        const told = await rig[other].nextClose();
        rig[other].sendClose(told.code);
        rig[other].end();
        await rig.pass(4 * CLOSE_TIMEOUT_MS - 100, 500);
        expect(rig.legs[other].destroyed).toBe(true);
        expect(rig.isOver).toBe(false);
        await rig.pass(400);
        const result = await rig.result();
        expect(result).toMatchObject({ cause: 'draining', side: null });
        // A reset: after an end the kernel would still hold, and deliver, what was not read.
        rig[slow].resume();
        await rig[slow].tcpEnd();
        expect(received().length).toBeLessThan(result[other].bytes - 256 * 1024);
      },
    );

    it.each(SIDES)('gives a %s that was slow closeTimeout for its answer once it reads', async (slow) => {
      const rig = await open();
      const other = otherSide(slow);
      rig[slow].pause();
      await floodToBoundary(rig, other);
      rig.relay.close('draining');
      await rig.pass(2 * CLOSE_TIMEOUT_MS, 500);
      rig[slow].resume();
      await rig.settle();
      await rig.pass(CLOSE_TIMEOUT_MS - 100);
      expect(rig.legs[slow].destroyed).toBe(false);
      await rig.pass(400);
      expect(rig.legs[slow].destroyed).toBe(true);
    });

    it.each(SIDES)('finishes the frame under way to a slow %s, then tells it', async (slow) => {
      const rig = await open();
      const other = otherSide(slow);
      rig[slow].pause();
      await flood(rig, other);
      rig.relay.close('draining');
      rig[other].sendClose((await rig[other].nextClose()).code);
      await rig.pass(CLOSE_TIMEOUT_MS - 100, 700);
      rig[slow].resume();
      expect((await rig[slow].nextClose()).code).toBe(slow === 'client' ? 1012 : 1001);
      expect(rig[slow].frames.slice(0, -1).every(({ length }) => length === 65_536n)).toBe(true);
      await rig.settle();
      expect(rig.relay.stats()[other].closeReceived).not.toBeNull();
    });

    it.each(SIDES)(
      'sees the answer of a %s that we had paused, after closeTimeout at the latest',
      async (flooding) => {
        const rig = await open();
        rig[otherSide(flooding)].pause();
        await flood(rig, flooding);
        rig.relay.close('draining');
        const told = await rig[flooding].nextClose();
        rig[flooding].sendClose(told.code);
        await rig.pass(CLOSE_TIMEOUT_MS + 300);
        expect(rig.relay.stats()[flooding].closeReceived).toBe(told.code);
      },
    );
  });
}

async function endBoth(rig: Rig): Promise<void> {
  rig.upstream.end();
  rig.client.end();
  await rig.client.tcpEnd();
  await rig.upstream.tcpEnd();
}
