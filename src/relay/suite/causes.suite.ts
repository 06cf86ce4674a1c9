import { describe, expect, it } from 'vitest';
import { OPCODE } from '../../../test/support/frames.ts';
import type { RawConnection } from '../../../test/support/raw-connection.ts';
import type { Cause } from '../../base/causes.ts';
import type { RelayOptions } from '../../base/relay.ts';
import type { Side } from '../../base/side.ts';
import { answerPings, flood, HEARTBEATS, type MakeEngine, type Rig, useRigs } from './rig.suite.ts';

/**
 * What a side gets: a close frame (with this reason, or any where the design leaves it open), a reset, or nothing. A reset
 * behind data may show as an end: then it is `cut`.
 */
type Told = { readonly code: number; readonly reason?: string } | 'reset' | 'cut' | 'nothing';

interface Row {
  readonly what: string;
  readonly cause: Cause;
  readonly side: Side | null;
  readonly options?: Partial<RelayOptions>;
  readonly happens: (rig: Rig) => unknown;
  readonly client: Told;
  readonly upstream: Told;
  /** In words, for the log. */
  readonly detail?: string;
  /** Who is not listened to any more, since its frames cannot be followed. */
  readonly deaf?: Side;
}

const bigMessage = { opcode: OPCODE.binary, payload: Buffer.alloc(1001) };
const reserved = { opcode: 3 };
const pings = Array.from({ length: 201 }, () => ({ opcode: OPCODE.ping }));

/** §5 of the behaviour, but for the closes of the two ends themselves. */
const ROWS: readonly Row[] = [
  {
    what: "the client's TCP ends",
    cause: 'client-lost',
    side: 'client',
    happens: ({ client }) => client.end(),
    client: 'nothing',
    upstream: { code: 1001, reason: 'client connection lost' },
  },
  {
    what: "the upstream's TCP ends",
    cause: 'upstream-lost',
    side: 'upstream',
    happens: ({ upstream }) => upstream.end(),
    client: { code: 1011, reason: 'upstream connection lost' },
    upstream: 'nothing',
  },
  {
    what: 'the client does not answer pings',
    cause: 'client-unresponsive',
    side: 'client',
    options: HEARTBEATS,
    happens: async (rig) => {
      answerPings(rig.upstream);
      await rig.pass(40_400, 200);
    },
    client: 'reset',
    upstream: { code: 1001, reason: 'client did not answer pings' },
  },
  {
    what: 'the upstream does not answer pings',
    cause: 'upstream-unresponsive',
    side: 'upstream',
    options: HEARTBEATS,
    happens: async (rig) => {
      answerPings(rig.client);
      await rig.pass(40_400, 200);
    },
    client: { code: 1011, reason: 'upstream did not answer pings' },
    upstream: 'reset',
  },
  {
    what: 'no message comes',
    cause: 'inactive',
    side: null,
    options: { maxInactivityMs: 60_000 },
    happens: (rig) => rig.pass(60_300, 1000),
    client: { code: 1001, reason: 'no messages for 60s' },
    upstream: { code: 1001, reason: 'no messages for 60s' },
    detail: 'no messages for 60s',
  },
  {
    what: 'the client breaks the protocol',
    cause: 'client-protocol-error',
    side: 'client',
    happens: ({ client }) => client.send(reserved),
    client: { code: 1002, reason: 'reserved opcode' },
    upstream: { code: 1001, reason: 'client broke the protocol' },
    detail: 'reserved opcode',
    deaf: 'client',
  },
  {
    what: 'the upstream breaks the protocol',
    cause: 'upstream-protocol-error',
    side: 'upstream',
    happens: ({ upstream }) => upstream.send(reserved),
    client: { code: 1011, reason: 'upstream broke the protocol' },
    upstream: { code: 1002, reason: 'reserved opcode' },
    deaf: 'upstream',
  },
  {
    what: 'the client sends a message that is too big',
    cause: 'message-too-big',
    side: 'client',
    options: { maxMessageBytes: 1000 },
    happens: ({ client }) => client.send(bigMessage),
    client: { code: 1009 },
    upstream: { code: 1001 },
    deaf: 'client',
  },
  {
    what: 'the upstream sends a message that is too big',
    cause: 'message-too-big',
    side: 'upstream',
    options: { maxMessageBytes: 1000 },
    happens: ({ upstream }) => upstream.send(bigMessage),
    client: { code: 1011 },
    upstream: { code: 1009 },
    deaf: 'upstream',
  },
  {
    what: 'the client sends too many control frames',
    cause: 'policy',
    side: 'client',
    options: { maxControlFrames: 100 },
    happens: ({ client }) => client.send(...pings),
    client: { code: 1008, reason: 'too many control frames' },
    upstream: { code: 1001 },
    deaf: 'client',
  },
  {
    what: 'the upstream sends too many control frames',
    cause: 'policy',
    side: 'upstream',
    options: { maxControlFrames: 100 },
    happens: ({ upstream }) => upstream.send(...pings),
    client: { code: 1011 },
    upstream: { code: 1008, reason: 'too many control frames' },
    deaf: 'upstream',
  },
  {
    what: 'the client does not read',
    cause: 'slow-consumer',
    side: 'client',
    options: { writeTimeoutMs: 5000 },
    happens: async (rig) => {
      rig.client.pause();
      await flood(rig, 'upstream');
      await rig.pass(5300);
      rig.client.resume();
    },
    client: 'cut',
    upstream: { code: 1001 },
  },
  {
    what: 'the upstream does not read',
    cause: 'slow-consumer',
    side: 'upstream',
    options: { writeTimeoutMs: 5000 },
    happens: async (rig) => {
      rig.upstream.pause();
      await flood(rig, 'client');
      await rig.pass(5300);
      rig.upstream.resume();
    },
    client: { code: 1011 },
    upstream: 'cut',
  },
  {
    what: 'a hook refuses what the client sent',
    cause: 'policy',
    side: 'client',
    happens: ({ relay }) => relay.close('policy', { reason: 'not here' }),
    client: { code: 1008, reason: 'not here' },
    upstream: { code: 1001 },
    detail: 'not here',
  },
  {
    what: 'a hook refuses what the upstream sent',
    cause: 'policy',
    side: 'upstream',
    happens: ({ relay }) => relay.close('policy', { reason: 'not here', side: 'upstream' }),
    client: { code: 1011 },
    upstream: { code: 1008, reason: 'not here' },
  },
  {
    what: 'the credentials expire',
    cause: 'credentials-expired',
    side: 'client',
    happens: ({ relay }) => relay.close('credentials-expired'),
    client: { code: 1008, reason: 'credentials expired' },
    upstream: { code: 1001 },
  },
  {
    what: 'the gateway drains',
    cause: 'draining',
    side: null,
    happens: ({ relay }) => relay.close('draining'),
    client: { code: 1012, reason: 'service restart' },
    upstream: { code: 1001 },
  },
  {
    what: 'a plugin throws',
    cause: 'plugin-error',
    side: null,
    happens: ({ relay }) => relay.close('plugin-error'),
    client: { code: 1011, reason: 'internal error' },
    upstream: { code: 1001 },
  },
  {
    what: 'the operator closes',
    cause: 'closed-by-operator',
    side: null,
    happens: ({ relay }) => relay.close('closed-by-operator'),
    client: { code: 1001 },
    upstream: { code: 1001 },
  },
  {
    what: 'the operator closes with a code',
    cause: 'closed-by-operator',
    side: null,
    happens: ({ relay }) => relay.close('closed-by-operator', { code: 4000, reason: 'maintenance' }),
    client: { code: 4000, reason: 'maintenance' },
    upstream: { code: 1001 },
  },
];

export function causesSuite(makeEngine: MakeEngine): void {
  describe('telling each side why it ends', () => {
    const open = useRigs(makeEngine);

    it.each(ROWS)('$cause: $what', async (row) => {
      const { cause, side, options, happens, client, upstream, detail, deaf } = row;
      const rig = await open(options === undefined ? {} : { options });
      await happens(rig);
      await expectTold(rig.client, client, deaf === 'client');
      await expectTold(rig.upstream, upstream, deaf === 'upstream');
      const result = await rig.result();
      expect(result).toMatchObject({ cause, side });
      if (detail !== undefined) expect(result.detail).toBe(detail);
      expect(result.client).toMatchObject(codes(client, deaf === 'client'));
      expect(result.upstream).toMatchObject(codes(upstream, deaf === 'upstream'));
    });
  });
}

/** Reads how a side is ended, and answers as a good end does. One that is not listened to sees TCP end at once. */
async function expectTold(end: RawConnection, told: Told, isDeaf: boolean): Promise<void> {
  if (typeof told === 'string') {
    const ends = { reset: ['reset'], cut: ['reset', 'fin'], nothing: ['fin'] };
    expect(ends[told]).toContain(await end.tcpEnd());
    return;
  }
  const close = await end.nextClose();
  expect(close.code).toBe(told.code);
  if (told.reason === undefined) expect(close.reason).not.toBe('');
  else expect(close.reason).toBe(told.reason);
  if (isDeaf) await end.tcpEnd();
  else end.sendClose(close.code);
  end.end();
  expect(await end.tcpEnd()).toBe('fin');
  expect(end.unreadBytes, 'nothing after the close frame').toBe(0);
}

function codes(told: Told, deaf: boolean): object {
  if (typeof told === 'string') return { closeSent: null, closeReceived: null };
  return { closeSent: told.code, closeReceived: deaf ? null : told.code };
}
