import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { within } from '../../../test/support/deadline.ts';
import { buildFrame, closeFrame, masked, OPCODE, parseFrames } from '../../../test/support/frames.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { settled } from '../../../test/support/resources.ts';
import type { Leg } from '../../base/leg.ts';
import { type MakeEngine, NO_LIMITS, useRigs } from './rig.suite.ts';

export function streamsSuite(makeEngine: MakeEngine): void {
  describe('legs that are no sockets', () => {
    const legOf = (stream: Duplex): Leg => ({
      stream,
      head: new Uint8Array(0),
      subprotocol: '',
      extensions: '',
    });

    it('are served the same way, where the engine supports them', async () => {
      const clock = new ManualClock();
      const engine = makeEngine({ clock, random: () => 0 });
      const [client, clientLeg] = duplexPair();
      const [upstream, upstreamLeg] = duplexPair();
      if (!engine.supports(legOf(clientLeg), legOf(upstreamLeg), NO_LIMITS)) return;
      const { result } = engine.start(legOf(clientLeg), legOf(upstreamLeg), NO_LIMITS);
      const chunks: Buffer[] = [];
      upstream.on('data', (chunk: Buffer) => chunks.push(chunk));
      const framesNow = () => parseFrames(Buffer.concat(chunks), { masked: true }).frames;
      client.write(buildFrame(masked({ opcode: OPCODE.text, payload: 'through' })));
      client.write(buildFrame(masked(closeFrame(4001))));
      await settled(() => (framesNow().length === 2 ? null : 'two frames have not arrived'));
      upstream.end(buildFrame(closeFrame(4001)));
      client.resume().end();
      expect(await within(result, 'result')).toMatchObject({ cause: 'client-closed', side: 'client' });
      expect([clientLeg.destroyed, upstreamLeg.destroyed, clock.pending]).toEqual([true, true, 0]);
    });
  });

  describe('sockets that were gone before the relay began', () => {
    const open = useRigs(makeEngine);

    it.each([[['client']], [['upstream']], [['client', 'upstream']]] as const)('end it: %s', async (gone) => {
      const rig = await open({
        before: async (_ends, legs) => {
          await Promise.all(gone.map((side) => once(legs[side].destroy(), 'close')));
        },
      });
      if (gone.length === 1) {
        const other = gone[0] === 'client' ? rig.upstream : rig.client;
        expect((await other.nextClose()).reason).toBe(`${gone[0]} connection lost`);
        other.destroy();
      }
      const result = await rig.result();
      expect(result.cause).toMatch(/^(client|upstream)-lost$/);
      for (const side of gone) expect(result[side].closeSent).toBeNull();
    });
  });
}
