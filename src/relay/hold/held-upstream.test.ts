import { describe, expect, it } from 'vitest';
import {
  buildFrame,
  buildFrames,
  closeFrame,
  type FrameSpec,
  masked,
  OPCODE,
  parseFrames,
} from '../../../test/support/frames.ts';
import type { HoldOptions } from '../../base/hold.ts';
import { HoldRig } from './hold-rig.suite.ts';

const text = (payload: string, changes: Partial<FrameSpec> = {}): Buffer =>
  buildFrame(masked({ opcode: OPCODE.text, payload, ...changes }));

const textsIn = (bytes: Buffer, isMasked: boolean): string[] =>
  parseFrames(bytes, { masked: isMasked, deflate: false }).messages.map(({ payload }) => payload.toString());

/** What each of the upstreams got, as messages. */
const texts = (rig: HoldRig): string[][] => rig.sockets.map(({ bytes }) => textsIn(bytes, true));

async function heldRig(options: Partial<HoldOptions> = {}): Promise<HoldRig> {
  const rig = new HoldRig(options);
  await rig.settle();
  rig.socket.push(null);
  await rig.settle();
  expect(rig.isHolding).toBe(true);
  return rig;
}

describe('a message that the lost upstream', () => {
  it('may have got is not sent again, and the next one is', async () => {
    const rig = new HoldRig();
    rig.stream.write(text('one'));
    await rig.settle();
    rig.socket.stall();
    rig.stream.write(text('perhaps'));
    rig.stream.write(text('not yet'));
    rig.socket.destroy();
    await rig.settle();
    rig.stream.write(text('later'));
    await rig.join();
    expect(texts(rig)).toEqual([
      ['one', 'perhaps'],
      ['not yet', 'later'],
    ]);
  });

  it('is lost in the middle of, whatever was kept before, closes the client', async () => {
    const rig = await heldRig();
    rig.stream.write(text('whole'));
    const half = text('half of a message');
    rig.stream.write(half.subarray(0, 10));
    await rig.join();
    rig.stream.write(half.subarray(10));
    rig.stream.write(text('next'));
    await rig.settle();
    rig.socket.push(null);
    await rig.settle();
    // Between two messages again: what was kept before has no say in that.
    expect(rig.isHolding).toBe(true);
    rig.stream.write(text('a'));
    rig.stream.write(text('b').subarray(0, 6));
    await rig.join();
    rig.socket.push(null);
    await rig.settle();
    expect(texts(rig)).toEqual([[], ['whole', 'half of a message', 'next'], ['a']]);
    expect(rig.failure).toEqual({
      code: 1012,
      detail: 'the upstream ended its connection in the middle of a message',
    });
  });

  it('has not got yet is not lost when it goes while it is being told what was kept', async () => {
    const rig = await heldRig();
    const half = text('in two halves');
    rig.stream.write(half.subarray(0, 8));
    await rig.join();
    rig.stream.write(half.subarray(8));
    await rig.settle();
    rig.socket.push(null);
    await rig.settle();
    const many = Array.from({ length: 2000 }, (_, i) => `message ${i}`);
    for (const one of many) rig.stream.write(text(one));
    const dial = await rig.nextDial();
    const leg = rig.leg();
    rig.socket.stall();
    dial.answer({ kind: 'joined', leg });
    await rig.settle();
    rig.socket.destroy();
    await rig.settle();
    const second = textsIn(rig.socket.bytes, true);
    expect(second.length).toBeGreaterThan(0);
    expect(second.length).toBeLessThan(2000);
    await rig.join();
    expect([...second, ...textsIn(rig.socket.bytes, true)]).toEqual(many);
  });
});

it('is ended only when all that was kept has been taken', async () => {
  const rig = await heldRig();
  for (let i = 0; i < 2000; i++) rig.stream.write(text('message'));
  const dial = await rig.nextDial();
  const leg = rig.leg();
  rig.socket.stall();
  dial.answer({ kind: 'joined', leg });
  await rig.settle();
  rig.stream.end();
  await rig.settle();
  expect(rig.socket.writableEnded).toBe(false);
  for (let i = 0; i < 100 && !rig.socket.writableEnded; i++) {
    rig.socket.release();
    await rig.settle();
  }
  expect(textsIn(rig.socket.bytes, true)).toHaveLength(2000);
  expect(rig.socket.writableEnded).toBe(true);
});

describe('a client without an upstream', () => {
  it('is read until bufferBytes are kept, and again when another took them', async () => {
    const rig = await heldRig({ bufferBytes: 1000 });
    const payload = 'x'.repeat(500);
    let sent = 0;
    while (rig.stream.write(text(payload))) sent++;
    // The rest waits in the stream, within its high-water mark.
    expect(sent).toBeLessThan((1000 + 16 * 1024) / 500 + 2);
    let drained = false;
    rig.stream.on('drain', () => {
      drained = true;
    });
    await rig.settle();
    expect(drained).toBe(false);
    await rig.join();
    expect(drained).toBe(true);
    expect(textsIn(rig.socket.bytes, true)).toHaveLength(sent + 1);
  });

  it('gets its pings answered, those that were forwarded as well', async () => {
    const rig = new HoldRig();
    const ping = (payload: string): Buffer => buildFrame(masked({ opcode: OPCODE.ping, payload }));
    rig.stream.write(Buffer.concat([ping('answered'), ping('forwarded')]));
    await rig.settle();
    rig.socket.push(buildFrame({ opcode: OPCODE.pong, payload: 'answered' }));
    rig.socket.push(buildFrame(closeFrame(1012)));
    await rig.settle();
    rig.stream.write(Buffer.concat([ping('new'), text('kept')]));
    await rig.settle();
    const { frames } = parseFrames(rig.given, { masked: false, deflate: false });
    expect(frames.map(({ opcode, payload }) => [opcode, payload.toString()])).toEqual([
      [OPCODE.pong, 'answered'],
      [OPCODE.pong, 'forwarded'],
      [OPCODE.pong, 'new'],
    ]);
    await rig.join();
    expect(rig.socket.bytes).toHaveLength(text('kept').length);
  });

  it('costs nothing any more when it leaves', async () => {
    const rig = await heldRig();
    const dial = await rig.nextDial();
    expect(dial.withdrawal.withdrawn).toBe(false);
    rig.stream.write(buildFrame(masked(closeFrame(1000))));
    await rig.settle();
    expect(rig.stream.destroyed).toBe(true);
    expect(dial.withdrawal.withdrawn).toBe(true);
    const late = rig.leg();
    dial.answer({ kind: 'joined', leg: late });
    await rig.settle();
    expect(late.stream.destroyed).toBe(true);
    expect(rig.clock.pending).toBe(0);
  });
});

describe('an upstream that goes away', () => {
  it.each([1001, 1012])('gets its close %s answered, and its TCP ended', async (code) => {
    const rig = new HoldRig();
    await rig.settle();
    const { socket } = rig;
    socket.push(buildFrame(closeFrame(code)));
    await rig.settle();
    const farewell = parseFrames(socket.farewell ?? Buffer.alloc(0), { masked: true, deflate: false });
    expect(farewell.close).toEqual({ code, reason: '' });
    expect(socket.writableEnded).toBe(true);
    expect(rig.told).toEqual([`held: the upstream closed with ${code}`]);
  });

  it('is released when it does not end its TCP', async () => {
    const rig = new HoldRig({ backoff: { initialMs: 20_000, maxMs: 20_000, jitter: 0 } });
    await rig.settle();
    rig.socket.push(buildFrame(closeFrame(1012)));
    await rig.settle();
    rig.clock.advance(4999);
    expect(rig.socket.destroyed).toBe(false);
    rig.clock.advance(1);
    expect(rig.socket.destroyed).toBe(true);
  });

  it.each<[string, Partial<HoldOptions>, Buffer | null]>([
    ['with another code', {}, buildFrame(closeFrame(1000))],
    ['with a code that is not asked for', { on: ['lost', 1001] }, buildFrame(closeFrame(1012))],
    ['with a close frame that is none', {}, buildFrame({ opcode: OPCODE.close, payload: 'x' })],
    ['with no close, and that is not asked for', { on: [1001, 1012] }, null],
  ])('%s takes the client along', async (_, options, bytes) => {
    const rig = new HoldRig(options);
    await rig.settle();
    if (bytes !== null) rig.socket.push(bytes);
    rig.socket.push(null);
    await rig.settle();
    expect(rig.isHolding).toBe(false);
    expect(rig.given).toEqual(bytes ?? Buffer.alloc(0));
    expect(rig.stream.readableEnded).toBe(true);
    expect(rig.told).toEqual([]);
  });

  it('after the client closed is no reason to hold it', async () => {
    const rig = new HoldRig();
    rig.stream.write(buildFrame(masked(closeFrame(1000))));
    await rig.settle();
    rig.socket.push(null);
    await rig.settle();
    expect(rig.told).toEqual([]);
    expect(rig.stream.readableEnded).toBe(true);
  });

  it('is passed on byte by byte up to half a header, which the client never sees', async () => {
    const rig = new HoldRig();
    await rig.settle();
    const one = buildFrame({ opcode: OPCODE.text, payload: 'one' });
    const two = buildFrame({ opcode: OPCODE.text, payload: 'x'.repeat(300) });
    rig.socket.push(Buffer.concat([one, two.subarray(0, 3)]));
    rig.socket.push(null);
    await rig.settle();
    await rig.join(buildFrame({ opcode: OPCODE.text, payload: 'three' }));
    expect(textsIn(rig.given, false)).toEqual(['one', 'three']);
  });

  it('in the middle of a message closes the client, after all that it said', async () => {
    const rig = new HoldRig();
    await rig.settle();
    const said = buildFrames([
      { opcode: OPCODE.text, payload: 'one' },
      { opcode: OPCODE.text, fin: false, payload: 'half' },
    ]);
    rig.socket.push(said);
    rig.socket.push(buildFrame(closeFrame(1012)));
    await rig.settle();
    expect(rig.given).toEqual(said);
    expect(rig.failure?.code).toBe(1012);
    expect(rig.socket.destroyed).toBe(true);
    expect(rig.dials).toEqual([]);
  });

  it('is told so by heartbeats that it does not answer', async () => {
    const rig = new HoldRig();
    await rig.settle();
    const { socket } = rig;
    expect(rig.stream.excuses('slow')).toBe(false);
    expect(rig.stream.excuses('silent')).toBe(true);
    expect(socket.destroyed).toBe(true);
    expect(rig.told).toEqual(['held: the upstream did not answer pings']);
    expect([rig.stream.excuses('silent'), rig.stream.excuses('slow')]).toEqual([true, true]);
  });
});

describe('attempts', () => {
  it('come after growing waits, say which resumption they are for, and end', async () => {
    const backoff = { initialMs: 100, maxMs: 300, jitter: 0 };
    const rig = await heldRig({ attempts: 4, backoff });
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      const since = rig.clock.now();
      while (rig.dials.length === i) rig.clock.advance(1);
      waits.push(rig.clock.now() - since);
      rig.dials[i]?.answer({ kind: 'unavailable', detail: 'answered 503' });
      await rig.settle();
    }
    expect(waits).toEqual([100, 200, 300, 300]);
    expect(rig.dials.map(({ resumption }) => resumption)).toEqual([1, 1, 1, 1]);
    expect(rig.failure).toEqual({
      code: 1012,
      detail: 'no upstream took over in 4 attempts: answered 503',
    });
  });

  it('go on being counted when an upstream takes over and is lost at once, and anew when it stayed', async () => {
    const rig = await heldRig({ attempts: 3 });
    await rig.join();
    rig.socket.push(null);
    await rig.settle();
    await rig.join();
    rig.clock.advance(1000);
    for (let i = 0; i < 3; i++) {
      rig.socket.push(null);
      await rig.settle();
      await rig.join();
    }
    rig.socket.push(null);
    await rig.settle();
    expect(rig.dials.map(({ resumption }) => resumption)).toEqual([1, 2, 3, 4, 5]);
    expect(rig.failure?.detail).toBe('no upstream took over in 3 attempts');
    expect(rig.stream.stats()).toMatchObject({ holding: false, resumed: 5 });
  });

  it.each([1008, 1012] as const)('end with a refusal (%s)', async (code) => {
    const rig = await heldRig();
    (await rig.nextDial()).answer({ kind: 'refused', code, detail: 'answered 403' });
    await rig.settle();
    expect(rig.failure).toEqual({ code, detail: 'answered 403' });
    expect(rig.clock.pending).toBe(0);
  });
});
