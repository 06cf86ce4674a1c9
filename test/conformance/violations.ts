import { closeFrame, type FrameSpec, OPCODE, type ViolationKind } from '../support/frames.ts';

/** A row of the conformance table: what a side sends that RFC 6455 forbids. */
export interface ViolationRow {
  readonly what: string;
  readonly kind: ViolationKind;
  /** Valid frames before it. */
  readonly before?: readonly FrameSpec[];
  readonly wrong: FrameSpec;
  /** Whether permessage-deflate was agreed. */
  readonly deflate?: boolean;
}

const { text, binary, continuation, close, ping, pong } = OPCODE;
const open: FrameSpec = { opcode: text, fin: false, payload: 'begun' };
const RESERVED_OPCODES = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15];
const VALID_OPCODES = [continuation, text, binary, close, ping, pong];

export const VALID_CLOSE_CODES = [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
];
const INVALID_CLOSE_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65_535];

/** Rows that are wrong in both directions; masking comes with the sender. */
export const VIOLATION_ROWS: readonly ViolationRow[] = [
  ...VALID_OPCODES.flatMap((opcode) =>
    (['rsv2', 'rsv3'] as const).map(
      (bit): ViolationRow => ({
        what: `${bit.toUpperCase()} on opcode ${opcode}`,
        kind: 'reserved-bit',
        before: opcode === continuation ? [open] : [],
        wrong: { opcode, [bit]: true },
      }),
    ),
  ),
  ...VALID_OPCODES.map(
    (opcode): ViolationRow => ({
      what: `RSV1 on opcode ${opcode} without compression`,
      kind: 'unexpected-rsv1',
      before: opcode === continuation ? [open] : [],
      wrong: { opcode, rsv1: true },
    }),
  ),
  ...[continuation, close, ping, pong].map(
    (opcode): ViolationRow => ({
      what: `RSV1 on opcode ${opcode} with compression`,
      kind: 'unexpected-rsv1',
      before: opcode === continuation ? [{ ...open, rsv1: true }] : [],
      wrong: { opcode, rsv1: true },
      deflate: true,
    }),
  ),
  ...RESERVED_OPCODES.map(
    (opcode): ViolationRow => ({
      what: `reserved opcode ${opcode}`,
      kind: 'reserved-opcode',
      wrong: { opcode },
    }),
  ),
  ...RESERVED_OPCODES.slice(0, 1).map(
    (opcode): ViolationRow => ({
      what: `reserved opcode ${opcode} between fragments`,
      kind: 'reserved-opcode',
      before: [open],
      wrong: { opcode },
    }),
  ),
  ...[close, ping, pong].flatMap((opcode): ViolationRow[] => [
    { what: `opcode ${opcode} in fragments`, kind: 'fragmented-control', wrong: { opcode, fin: false } },
    {
      what: `opcode ${opcode} of 126 bytes`,
      kind: 'long-control',
      wrong: { opcode, payload: Buffer.alloc(126) },
    },
    {
      what: `opcode ${opcode} of 65536 bytes`,
      kind: 'long-control',
      wrong: { opcode, declaredLength: 65_536 },
    },
  ]),
  { what: 'a continuation of nothing', kind: 'unexpected-continuation', wrong: { opcode: continuation } },
  {
    what: 'a continuation after the last fragment',
    kind: 'unexpected-continuation',
    before: [open, { opcode: continuation }],
    wrong: { opcode: continuation },
  },
  {
    what: 'a text message within another',
    kind: 'expected-continuation',
    before: [open],
    wrong: { opcode: text },
  },
  {
    what: 'a binary message within another',
    kind: 'expected-continuation',
    before: [open, { opcode: ping }],
    wrong: { opcode: binary },
  },
  ...(
    [
      [16, 0],
      [16, 125],
      [64, 0],
      [64, 125],
      [64, 126],
      [64, 65_535],
    ] as const
  ).map(
    ([lengthBits, size]): ViolationRow => ({
      what: `${size} bytes with their length in ${lengthBits} bits`,
      kind: 'length-not-minimal',
      wrong: { opcode: binary, lengthBits, payload: Buffer.alloc(size) },
    }),
  ),
  {
    what: 'a length with the top bit set',
    kind: 'length-top-bit',
    wrong: { opcode: binary, declaredLength: 1n << 63n },
  },
  { what: 'a close of one byte', kind: 'close-one-byte', wrong: { opcode: close, payload: 'x' } },
  ...INVALID_CLOSE_CODES.map(
    (code): ViolationRow => ({
      what: `close code ${code}`,
      kind: 'close-code',
      wrong: closeFrame(code),
    }),
  ),
  {
    what: 'a close reason that is not UTF-8',
    kind: 'close-reason-utf8',
    wrong: closeFrame(1000, Buffer.of(0x6f, 0x6b, 0xc0, 0xaf)),
  },
  {
    what: 'a close reason that ends within a character',
    kind: 'close-reason-utf8',
    wrong: closeFrame(1000, Buffer.from('€').subarray(0, 2)),
  },
];

/** Above 2^53-1 (RFC 6455 §7.4.1: 1009 for a message too big to process). */
export const UNSAFE_LENGTHS: readonly bigint[] = [2n ** 53n, 2n ** 63n - 1n];
