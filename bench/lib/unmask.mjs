/** Below, what it takes to look at the memory in words costs more than words save. */
const MIN_WORDWISE_BYTES = 1_024;

/**
 * Unmasks a part of a chunk to an earlier place in it (RFC 6455 §5.3), four bytes at a time where it pays: a byte at a time
 * the echo upstream would be what limits the throughput of large messages.
 * @param {Uint8Array} chunk
 * @param {number} from
 * @param {number} to At most `from`.
 * @param {number} length
 * @param {Uint8Array} mask Four bytes.
 * @param {number} phase Which of them belongs to the first byte.
 */
export function unmask(chunk, from, to, length, mask, phase) {
  if (length < MIN_WORDWISE_BYTES) return bytewise(chunk, from, to, length, mask, phase);
  chunk.copyWithin(to, from, from + length);
  // Words have to be aligned in the memory beneath.
  const head = -(chunk.byteOffset + to) & 3;
  const words = (length - head) >> 2;
  const tail = head + words * 4;
  const key = Uint8Array.from(mask, (_, index) => mask[(phase + head + index) & 3] ?? 0);
  const [word = 0] = new Int32Array(key.buffer);
  const whole = new Int32Array(chunk.buffer, chunk.byteOffset + to + head, words);
  for (let index = 0; index < words; index++) whole[index] = (whole[index] ?? 0) ^ word;
  bytewise(chunk, to, to, head, mask, phase);
  bytewise(chunk, to + tail, to + tail, length - tail, mask, phase + tail);
}

/**
 * @param {Uint8Array} chunk
 * @param {number} from
 * @param {number} to
 * @param {number} length
 * @param {Uint8Array} mask
 * @param {number} phase
 */
function bytewise(chunk, from, to, length, mask, phase) {
  for (let index = 0; index < length; index++) {
    chunk[to + index] = (chunk[from + index] ?? 0) ^ (mask[(phase + index) & 3] ?? 0);
  }
}
