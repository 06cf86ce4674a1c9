import { buildFrame } from '../test/support/build-frames.ts';

/** What a case is about: what a client says first, what it says later, or what an upstream says. */
export const KINDS = ['handshake', 'frames', 'upstream'] as const;
export type Kind = (typeof KINDS)[number];

/** A frame with all its fields open to mutation. Texts hold one byte a character. */
export interface FrameFields {
  opcode: number;
  fin?: boolean;
  /** RSV1 is 4, RSV2 is 2, RSV3 is 1. */
  rsv?: number;
  payload?: string;
  /** The payload stands so many times. */
  times?: number;
  /** Four bytes; absent for a frame that is not masked. */
  mask?: string;
  lengthBits?: 7 | 16 | 64;
  /** Decimal digits; stands in the header in place of the payload's length. */
  declared?: string;
}

/** One thing that a peer does. */
export type Step =
  /** Says bytes; `{accept}`, `{extensions}` and `{case}` are filled in. */
  | { do: 'bytes'; text: string }
  | { do: 'frame'; frame: FrameFields }
  /** From here on cuts what it says into pieces of so many bytes. */
  | { do: 'pieces'; size: number }
  /** Lets what was said leave before it goes on. */
  | { do: 'turn' }
  | { do: 'wait'; ms: number }
  /** Waits until the head of an answer is there. */
  | { do: 'answer' }
  /** From here on answers pings and closes as it should. */
  | { do: 'behave' }
  /** The same, and every data frame is sent back. */
  | { do: 'echo' }
  /** Closes with 1000, if it may send a frame now. */
  | { do: 'close' }
  | { do: 'pause' }
  | { do: 'resume' }
  /** FIN; goes on reading. */
  | { do: 'end' }
  | { do: 'reset' };

/** What the two ends of one connection do: plain data, so that it can be kept, mutated and cut down. */
export interface Case {
  kind: Kind;
  /** What carries it: TCP, TLS, bytes where TLS is expected, or a load balancer that begins with a PROXY header. */
  over: 'tcp' | 'tls' | 'no-tls' | 'proxy';
  client: Step[];
  /** `null` for an upstream that echoes and behaves. */
  upstream: Step[] | null;
}

/** A frame as it goes onto the wire. */
export function frameBytes(fields: FrameFields): Buffer {
  const { opcode, fin = true, rsv = 0, payload = '', times = 1, mask, lengthBits, declared } = fields;
  return buildFrame({
    opcode,
    fin,
    rsv1: (rsv & 4) !== 0,
    rsv2: (rsv & 2) !== 0,
    rsv3: (rsv & 1) !== 0,
    payload: Buffer.from(payload.repeat(times), 'latin1'),
    mask: mask === undefined ? null : Buffer.from(mask.padEnd(4, '\0').slice(0, 4), 'latin1'),
    ...(lengthBits === undefined ? {} : { lengthBits }),
    ...(declared === undefined ? {} : { declaredLength: BigInt(declared) }),
  });
}
