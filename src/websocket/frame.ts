import { MAX_REASON_BYTES } from './close-codes.ts';
import { OPCODES } from './opcodes.ts';

/** A masking key of four bytes for a frame to the upstream, or `null` for one to the client (RFC 6455 §5.1). */
export type MaskingKey = Uint8Array | null;

/** A whole frame with FIN set. The payload is copied. */
export function encodeFrame(opcode: number, payload: Uint8Array, key: MaskingKey): Uint8Array {
  const lengthBytes = payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8;
  const headerBytes = 2 + lengthBytes + (key === null ? 0 : 4);
  const frame = new Uint8Array(headerBytes + payload.length);
  frame[0] = 0x80 | opcode;
  writeLength(frame, payload.length, lengthBytes);
  frame.set(payload, headerBytes);
  if (key !== null) {
    frame[1] = (frame[1] as number) | 0x80;
    frame.set(key, headerBytes - 4);
    for (let i = 0; i < payload.length; i++)
      frame[headerBytes + i] = (payload[i] as number) ^ (key[i & 3] as number);
  }
  return frame;
}

/** @param code `null` for a close frame without one (RFC 6455 §5.5.1); then `reason` is not sent. */
export function encodeClose(code: number | null, reason: string, key: MaskingKey): Uint8Array {
  if (code === null) return encodeFrame(OPCODES.close, new Uint8Array(0), key);
  const text = cutReason(reason);
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >> 8;
  payload[1] = code & 0xff;
  payload.set(text, 2);
  return encodeFrame(OPCODES.close, payload, key);
}

/** The code of a valid close frame's payload; `null` when it has none. */
export function closeCodeOf(payload: Uint8Array): number | null {
  return payload.length < 2 ? null : ((payload[0] as number) << 8) | (payload[1] as number);
}

/** A reason in UTF-8 that fits a close frame: cut between two characters, never within one. */
function cutReason(reason: string): Uint8Array {
  const room = new Uint8Array(MAX_REASON_BYTES);
  const { written } = new TextEncoder().encodeInto(reason, room);
  return room.subarray(0, written);
}

function writeLength(frame: Uint8Array, length: number, lengthBytes: 0 | 2 | 8): void {
  if (lengthBytes === 0) {
    frame[1] = length;
    return;
  }
  frame[1] = lengthBytes === 2 ? 126 : 127;
  for (let i = 0, rest = length; i < lengthBytes; i++, rest = Math.floor(rest / 256)) {
    frame[1 + lengthBytes - i] = rest % 256;
  }
}
