import { describe, expect, it, vi } from 'vitest';
import { OPCODE } from '../../../test/support/frames.ts';
import { otherSide, type Side } from '../../base/side.ts';
import {
  flood,
  floodToBoundary,
  HEARTBEATS,
  type MakeEngine,
  onPing,
  type Rig,
  record,
  useRigs,
} from './rig.suite.ts';

const BOUND_BYTES = 320 * 1024;
const SIDES: readonly Side[] = ['client', 'upstream'];

export function backpressureSuite(makeEngine: MakeEngine): void {
  describe.each([
    ['TCP', false],
    ['TLS', true],
  ])('memory over %s', (_over, tls) => {
    const open = useRigs(makeEngine, tls);

    it.each(SIDES)('holds little of what a %s does not read, and delivers it all later', async (slow) => {
      const rig = await open();
      const held = watchHeld(rig);
      const received = record(rig[slow]);
      rig[slow].pause();
      const sent = await flood(rig, otherSide(slow));
      expect(held.most()).toBeLessThan(BOUND_BYTES);
      rig[slow].resume();
      await rig.settle();
      expect(rig.relay.stats()[otherSide(slow)]).toMatchObject({ bytes: sent, messages: sent / 65_536 });
      expect(received().length).toBeGreaterThan(sent);
      expect(held.most()).toBeLessThan(BOUND_BYTES);
      held.stop();
    });

    it('holds little when both sides flood and neither reads', async () => {
      const rig = await open();
      const held = watchHeld(rig);
      rig.client.pause();
      rig.upstream.pause();
      const [fromClient, fromUpstream] = [await flood(rig, 'client'), await flood(rig, 'upstream')];
      expect(held.most()).toBeLessThan(BOUND_BYTES);
      rig.client.resume();
      rig.upstream.resume();
      await rig.settle();
      expect(rig.relay.stats().client.bytes).toBe(fromClient);
      expect(rig.relay.stats().upstream.bytes).toBe(fromUpstream);
      expect(held.most()).toBeLessThan(BOUND_BYTES);
      held.stop();
    });
  });

  describe('backpressure', () => {
    const open = useRigs(makeEngine);

    it.each([
      ['one frame of 16 MiB', [{ opcode: OPCODE.binary, payload: Buffer.alloc(16 * 1024 * 1024, 'x') }]],
      [
        'tiny messages',
        Array.from({ length: 200_000 }, () => ({ opcode: OPCODE.text, payload: 'sixteen bytes ok' })),
      ],
      [
        'pings',
        Array.from({ length: 200_000 }, () => ({ opcode: OPCODE.ping, payload: 'sixteen bytes ok' })),
      ],
    ])('keeps to the bound for %s', async (_what, frames) => {
      const rig = await open();
      const held = watchHeld(rig);
      const received = record(rig.client);
      rig.client.pause();
      const bytes = Buffer.concat(frames.map((frame) => rig.upstream.encode(frame)));
      rig.upstream.write(bytes);
      await rig.settle();
      expect(held.most()).toBeLessThan(BOUND_BYTES);
      rig.client.resume();
      await rig.settle();
      expect(received().equals(bytes)).toBe(true);
      expect(held.most()).toBeLessThan(BOUND_BYTES);
      held.stop();
    });

    it('does not stop the other direction', async () => {
      const rig = await open();
      rig.client.pause();
      await flood(rig, 'upstream');
      for (let i = 0; i < 100; i++) rig.client.sendText(`message ${i}`);
      for (let i = 0; i < 100; i++) {
        expect((await rig.upstream.nextMessage()).payload.toString()).toBe(`message ${i}`);
      }
    });

    it.each([
      ['in the middle of a frame', flood],
      ['between two frames', floodToBoundary],
    ])('puts one ping behind what is not read, not one an interval, %s', async (_where, fill) => {
      const rig = await open({ options: { ...HEARTBEATS, pongTimeoutMs: 0 } });
      rig.client.pause();
      await fill(rig, 'upstream');
      await rig.pass(600_000, 5000);
      let pings = 0;
      onPing(rig.client, () => pings++);
      rig.client.resume();
      await rig.settle();
      expect(pings).toBeLessThanOrEqual(1);
    });

    it('passes a chunk on in one write, also when it has to be cut', async () => {
      const rig = await open({ options: { pingIntervalMs: 10_000 } });
      const bytes = Buffer.concat(
        Array.from({ length: 50 }, (_, i) =>
          rig.client.encode({ opcode: OPCODE.text, payload: `message ${i}` }),
        ),
      );
      const leg = rig.legs.upstream;
      // What becomes a call of the system: Node joins what is written under one cork.
      const writes = [vi.spyOn(leg, '_write'), vi.spyOn(leg, '_writev')];
      const passOn = async (part: Buffer): Promise<number> => {
        for (const spy of writes) spy.mockClear();
        rig.client.write(part);
        await rig.settle();
        return writes.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
      };
      expect(await passOn(bytes)).toBe(1);
      // A header in two pieces: the first is held.
      expect(await passOn(bytes.subarray(0, 3))).toBe(0);
      expect(await passOn(bytes.subarray(3))).toBe(1);
      // A ping that waits for the end of a frame.
      expect(await passOn(bytes.subarray(0, 10))).toBe(1);
      await rig.pass(10_100);
      expect(await passOn(bytes.subarray(10))).toBe(1);
      // A pong that is taken out.
      const { payload } = await rig.client.nextOf(OPCODE.ping);
      const pong = rig.client.encode({ opcode: OPCODE.pong, payload });
      expect(await passOn(Buffer.concat([bytes, pong, bytes]))).toBe(1);
    });
  });
}

/** Looks at what both of the gateway's sockets hold, once a turn of the loop. */
function watchHeld({ legs }: Rig): { most(): number; stop(): void } {
  let most = 0;
  let immediate: NodeJS.Immediate;
  const look = (): void => {
    const { client, upstream } = legs;
    const held =
      client.readableLength + client.writableLength + upstream.readableLength + upstream.writableLength;
    most = Math.max(most, held);
    immediate = setImmediate(look);
  };
  look();
  return { most: () => most, stop: () => clearImmediate(immediate) };
}
