import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../base/clock.ts';
import { ANSWER_TIMEOUT_MS } from './limits.ts';

type Encode = (body: Readable) => AsyncIterable<Uint8Array>;

/**
 * Streams a body with backpressure. Whatever goes wrong (the body fails, the client leaves, the deadline passes) ends
 * both: the head is out, so all that is left to tell the client is that the body is not whole.
 * @param end whether the end of the body is the end of `to`.
 */
export async function streamBody(
  body: Readable,
  encode: Encode,
  to: Writable,
  end: boolean,
  clock: Clock,
): Promise<void> {
  // Destroying the body is what wakes an encoder that waits for more of it.
  const giveUp = () =>
    void body.destroy(new Error('the answer was not streamed in time, or the client left'));
  const cancel = clock.after(ANSWER_TIMEOUT_MS, giveUp);
  to.once('close', giveUp);
  try {
    await pipeline(encode(body), to, { end });
  } catch {
    to.destroy();
  } finally {
    cancel();
    to.off('close', giveUp);
    body.destroy();
  }
}

/** The body as bytes. */
export async function* bytesOf(body: Readable): AsyncGenerator<Uint8Array> {
  for await (const chunk of body as AsyncIterable<Uint8Array | string>) {
    yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  }
}

/** The body, held to its declared length: a shorter or longer one is an error, so that nobody takes it for whole. */
export async function* exactly(body: Readable, length: number): AsyncGenerator<Uint8Array> {
  let left = length;
  for await (const bytes of bytesOf(body)) {
    left -= bytes.byteLength;
    if (left < 0) throw new Error('the body is longer than its Content-Length');
    yield bytes;
  }
  if (left > 0) throw new Error('the body is shorter than its Content-Length');
}

/** The body in chunked coding (RFC 9112 §7.1). */
export async function* chunked(body: Readable): AsyncGenerator<Uint8Array> {
  for await (const bytes of bytesOf(body)) {
    if (bytes.byteLength === 0) continue;
    yield Buffer.from(`${bytes.byteLength.toString(16)}\r\n`);
    yield bytes;
    yield Buffer.from('\r\n');
  }
  yield Buffer.from('0\r\n\r\n');
}
