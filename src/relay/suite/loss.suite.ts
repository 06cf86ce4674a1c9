import { describe, expect, it } from 'vitest';
import { type FrameSpec, OPCODE } from '../../../test/support/frames.ts';
import type { Cause } from '../../base/causes.ts';
import { otherSide, type Side } from '../../base/side.ts';
import { type MakeEngine, record, useRigs } from './rig.suite.ts';

const SIDES: readonly Side[] = ['client', 'upstream'];
const LEAVING = ['end', 'reset'] as const;
const ways = SIDES.flatMap((side) => LEAVING.map((leave) => [leave, side] as const));
const lost: Record<Side, Cause> = { client: 'client-lost', upstream: 'upstream-lost' };
/** What the other side is told. */
const told: Record<Side, { code: number; reason: string }> = {
  client: { code: 1001, reason: 'client connection lost' },
  upstream: { code: 1011, reason: 'upstream connection lost' },
};

export function lossSuite(makeEngine: MakeEngine): void {
  describe.each(ways)('a TCP %s of the %s without a close frame', (leave, side) => {
    const open = useRigs(makeEngine);
    const other = otherSide(side);
    const message: FrameSpec = { opcode: OPCODE.binary, payload: Buffer.alloc(300) };

    it('is told to the other side, after all that was sent before', async () => {
      const rig = await open();
      rig[side].sendText('last words');
      // A reset destroys what was not read; an end does not.
      if (leave === 'reset') await rig.settle();
      rig[side][leave]();
      expect((await rig[other].nextMessage()).payload.toString()).toBe('last words');
      expect(await rig[other].nextClose()).toEqual(told[side]);
      rig[other].sendClose(told[side].code);
      rig[other].end();
      expect(await rig[other].tcpEnd()).toBe('fin');
      const result = await rig.result();
      expect(result).toMatchObject({ cause: lost[side], side });
      expect(result[side]).toMatchObject({ closeReceived: null, closeSent: null });
      expect(result[other]).toMatchObject({ closeReceived: told[side].code, closeSent: told[side].code });
      if (leave === 'reset') expect(result.error).toMatchObject({ code: 'ECONNRESET' });
      else expect(result.error).toBeUndefined();
    });

    it.each([1, 3, 4, 200])(
      'ends the TCP of the other side at once, %i bytes into the payload of a frame',
      async (into) => {
        const rig = await open();
        const received = record(rig[other]);
        const frame = rig[side].encode(message);
        const part = frame.subarray(0, frame.length - 300 + into);
        rig[side].write(part);
        await rig.settle();
        rig[side][leave]();
        expect(await rig[other].tcpEnd()).toBe('fin');
        expect(received().equals(part)).toBe(true);
        rig[other].end();
        const result = await rig.result();
        expect(result).toMatchObject({ cause: lost[side], side });
        expect(result[other]).toMatchObject({ closeReceived: null, closeSent: null });
      },
    );

    it('can be told where only a header or control frame was cut, since nothing of it left', async () => {
      for (const [frame, bytes] of [
        [message, 3],
        [{ opcode: OPCODE.ping, payload: Buffer.alloc(100) }, 90],
      ] as const) {
        const rig = await open();
        const received = record(rig[other]);
        rig[side].write(rig[side].encode(frame).subarray(0, bytes));
        await rig.settle();
        rig[side][leave]();
        expect(await rig[other].nextClose()).toEqual(told[side]);
        expect(received()[0]).toBe(0x88);
      }
    });

    it('can be told between the fragments of a message', async () => {
      const rig = await open();
      rig[side].send({ ...message, fin: false });
      await rig.settle();
      rig[side][leave]();
      expect(await rig[other].nextClose()).toEqual(told[side]);
    });

    it('is told once the frame of the other side is through, which goes nowhere', async () => {
      const rig = await open();
      const frame = rig[other].encode(message);
      rig[other].write(frame.subarray(0, 100));
      await rig.settle();
      rig[side][leave]();
      expect(await rig[other].nextClose()).toEqual(told[side]);
      rig[other].write(frame.subarray(100));
      rig[other].sendClose(1000);
      rig[other].end();
      await rig[other].tcpEnd();
      expect((await rig.result())[other].closeReceived).toBe(1000);
    });

    it('gives the other side no more than closeTimeout to answer', async () => {
      const rig = await open();
      rig[side][leave]();
      await rig[other].nextClose();
      await rig.settle();
      await rig.pass(4900);
      expect(rig.isOver).toBe(false);
      await rig.pass(400);
      expect((await rig.result())[other]).toMatchObject({ closeReceived: null });
    });

    it('while the gateway is closing leaves that the cause', async () => {
      const rig = await open();
      rig.relay.close('draining');
      await rig[side].nextClose();
      rig[side][leave]();
      rig[other].sendClose((await rig[other].nextClose()).code);
      rig[other].end();
      await rig[other].tcpEnd();
      expect(await rig.result()).toMatchObject({ cause: 'draining', side: null });
    });

    it('before the relay began is found all the same', async () => {
      const rig = await open({
        before: async (ends) => {
          ends[side][leave]();
          await new Promise((resolve) => setImmediate(resolve));
          await new Promise((resolve) => setImmediate(resolve));
        },
      });
      expect(await rig[other].nextClose()).toEqual(told[side]);
    });

    it('of both sides ends all at once', async () => {
      const rig = await open();
      rig[side][leave]();
      rig[other][leave]();
      await rig.settle();
      const { cause, side: found } = await rig.result();
      expect(cause).toBe(lost[found ?? 'client']);
    });
  });

  describe('losing a side', () => {
    const open = useRigs(makeEngine);

    it('closes a half-open client, too', async () => {
      const rig = await open();
      rig.client.end();
      expect(await rig.client.tcpEnd()).toBe('fin');
    });

    it('never touches the process when a socket breaks after the end', async () => {
      const rig = await open();
      rig.client.reset();
      rig.upstream.reset();
      await rig.result();
      for (const leg of Object.values(rig.legs)) leg.emit('error', new Error('late'));
    });
  });

  describe('losing a side over TLS', () => {
    const open = useRigs(makeEngine, true);

    const tlsWays = SIDES.flatMap((side) =>
      (['end', 'reset', 'endTcp'] as const).map((leave) => [leave, side] as const),
    );

    it.each(tlsWays)('an %s of the %s is told to the other side', async (leave, side) => {
      const rig = await open();
      rig[side].sendText('last words');
      expect((await rig[otherSide(side)].nextMessage()).payload.toString()).toBe('last words');
      rig[side][leave]();
      expect(await rig[otherSide(side)].nextClose()).toEqual(told[side]);
      rig[otherSide(side)].sendClose(1000);
      rig[otherSide(side)].end();
      expect(await rig.result()).toMatchObject({ cause: lost[side], side });
    });
  });
}
