import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cuttings, mutations, type ParsedStream, parseFrames, validFrames } from '../support/frames.ts';
import { forwardingConfig, type StartedGateway } from '../support/gateway.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
const RUNS = 60;
const LOST = {
  client: { code: 1011, reason: 'upstream connection lost' },
  upstream: { code: 1001, reason: 'client connection lost' },
};
const BROKEN = {
  client: { code: 1011, reason: 'upstream broke the protocol' },
  upstream: { code: 1001, reason: 'client broke the protocol' },
};

describe.each(['client', 'upstream'] as const)('a damaged stream of the %s', (sender) => {
  it('passes up to the first wrong frame, however it is cut, and each side is told what the oracle says', async () => {
    const upstream = await bed.upstream();
    const gateway = await bed.gateway(forwardingConfig(upstream.url()));
    const rules = { masked: sender === 'client' };
    const streams = validFrames({ ...rules, maxPayloadBytes: 300 }).chain(mutations);
    const property = fc.asyncProperty(
      streams.chain((bytes) => fc.tuple(fc.constant(bytes), cuttings(bytes))),
      async ([bytes, pieces]) => {
        const ends = await open(gateway, upstream, sender);
        try {
          await send(ends.from, pieces);
          await expectVerdict(ends, parseFrames(bytes, rules));
        } finally {
          ends.from.destroy();
          ends.to.destroy();
        }
        await gateway.nextResult();
      },
    );
    await fc.assert(property, { numRuns: RUNS });
  }, 30_000);
});

interface Ends {
  readonly from: RawConnection;
  readonly to: RawConnection;
}

async function open(
  gateway: StartedGateway,
  server: RawUpstream,
  sender: 'client' | 'upstream',
): Promise<Ends> {
  const client = await bed.open({ port: gateway.port });
  const upstream = await server.next();
  return sender === 'client' ? { from: client, to: upstream } : { from: upstream, to: client };
}

async function send(from: RawConnection, pieces: readonly Buffer[]): Promise<void> {
  for (const piece of pieces) {
    if (from.socket.writable) from.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function expectVerdict({ from, to }: Ends, parsed: ParsedStream): Promise<void> {
  for (const { opcode, fin, payload } of parsed.frames) {
    expect(await to.nextFrame()).toMatchObject({ opcode, fin, payload });
  }
  if (parsed.close !== null) return;
  if (parsed.violation !== null) {
    expect((await from.nextClose()).code).toBe(parsed.violation.code);
    const told = await to.nextClose();
    if (parsed.violation.code !== 1009) expect(told).toEqual(BROKEN[to.role]);
    return;
  }
  from.end();
  // The target cannot be told in the middle of a frame, nor does half a header say whether it would be valid.
  if (!parsed.cut) expect(await to.nextClose()).toEqual(LOST[to.role]);
  else if (parsed.cutHeader !== null) await expectLostOrCut(to);
}

/** A cut control frame was held back, so that the target can be told; a cut data frame ends TCP. */
async function expectLostOrCut(to: RawConnection): Promise<void> {
  const told = await to.nextClose().catch((error: Error) => error.message);
  if (typeof told === 'string') expect(told).toMatch(/^(the end of TCP|a reset)/);
  else expect(told).toEqual(LOST[to.role]);
}
