import { randomBytes } from 'node:crypto';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame to put on the wire, right or wrong in every way that RFC 6455 §5.2 has bits for. */
export interface FrameSpec {
  readonly opcode: number;
  /** Default `true`. */
  readonly fin?: boolean;
  readonly rsv1?: boolean;
  readonly rsv2?: boolean;
  readonly rsv3?: boolean;
  /** As it is before masking. */
  readonly payload?: Uint8Array | string;
  /** Masking key of four bytes; `null` or absent: not masked. */
  readonly mask?: Uint8Array | null;
  /** How many bits carry the length, whether or not it needs that many. The fewest possible by default. */
  readonly lengthBits?: 7 | 16 | 64;
  /** Stands in the header instead of the payload's own length. */
  readonly declaredLength?: number | bigint;
}

/** One frame's bytes. */
export function buildFrame(spec: FrameSpec): Buffer {
  const payload = Buffer.from(
    typeof spec.payload === 'string' ? Buffer.from(spec.payload) : (spec.payload ?? []),
  );
  const length = BigInt(spec.declaredLength ?? payload.length);
  const mask = spec.mask ?? null;
  if (mask !== null && mask.length !== 4) throw new RangeError('a masking key has four bytes');
  return Buffer.concat([
    Buffer.of(firstByte(spec)),
    lengthBytes(length, spec.lengthBits ?? fewestBits(length), mask !== null),
    mask ?? Buffer.alloc(0),
    mask === null ? payload : applyMask(payload, mask),
  ]);
}

/** Several frames' bytes. */
export function buildFrames(specs: readonly FrameSpec[]): Buffer {
  return Buffer.concat(specs.map(buildFrame));
}

/** Masks in place; masking twice undoes it (RFC 6455 §5.3). Returns its first argument. */
export function applyMask(payload: Buffer, mask: Uint8Array): Buffer {
  for (let i = 0; i < payload.length; i++) payload[i] = (payload[i] as number) ^ (mask[i & 3] as number);
  return payload;
}

/** The frame with a fresh random masking key, as a client sends it. */
export function masked(spec: FrameSpec): FrameSpec {
  return { ...spec, mask: randomBytes(4) };
}

/** Payload of a close frame (RFC 6455 §5.5.1); the reason may be bytes that are no UTF-8. */
export function closePayload(code: number, reason: string | Uint8Array = ''): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return Buffer.concat([head, typeof reason === 'string' ? Buffer.from(reason) : reason]);
}

/** A close frame; without a code its payload is empty. */
export function closeFrame(code?: number, reason: string | Uint8Array = ''): FrameSpec {
  return { opcode: OPCODE.close, payload: code === undefined ? '' : closePayload(code, reason) };
}

/** One message cut into frames at the given payload offsets; `rsv1` marks the first frame as compressed. */
export function fragmented(
  opcode: number,
  payload: Uint8Array,
  offsets: readonly number[],
  rsv1 = false,
): FrameSpec[] {
  const bounds = [0, ...offsets, payload.length];
  return bounds.slice(1).map((end, i) => ({
    opcode: i === 0 ? opcode : OPCODE.continuation,
    fin: i === bounds.length - 2,
    rsv1: i === 0 && rsv1,
    payload: payload.subarray(bounds[i], end),
  }));
}

function firstByte(spec: FrameSpec): number {
  const bits: [boolean | undefined, number][] = [
    [spec.fin ?? true, 0x80],
    [spec.rsv1, 0x40],
    [spec.rsv2, 0x20],
    [spec.rsv3, 0x10],
  ];
  return bits.reduce((byte, [set, bit]) => (set ? byte | bit : byte), spec.opcode & 0x0f);
}

function fewestBits(length: bigint): 7 | 16 | 64 {
  if (length < 126n) return 7;
  return length < 65_536n ? 16 : 64;
}

function lengthBytes(length: bigint, bits: 7 | 16 | 64, isMasked: boolean): Buffer {
  const maskBit = isMasked ? 0x80 : 0;
  if (bits === 7) return Buffer.of(maskBit | Number(length & 0x7fn));
  const bytes = Buffer.alloc(bits === 16 ? 3 : 9);
  bytes[0] = maskBit | (bits === 16 ? 126 : 127);
  if (bits === 16) bytes.writeUInt16BE(Number(length & 0xffffn), 1);
  else bytes.writeBigUInt64BE(BigInt.asUintN(64, length), 1);
  return bytes;
}
