import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../base/clock.ts';
import { ANSWER_TIMEOUT_MS } from './limits.ts';

type Encode = (body: Readable) => AsyncIterable<Uint8Array>;

/**
 * Streams a body with backpressure, and ends `to` with it. Whatever goes wrong (the body fails, the client leaves, the
 * deadline passes) ends both: the head is out, so all that is left to tell the client is that the body is not whole.
 */
export async function streamBody(body: Readable, encode: Encode, to: Writable, clock: Clock): Promise<void> {
  if (!(await stream(body, () => pipeline(encode(body), to), to, clock))) to.destroy();
}

/**
 * The same, but `to` is left open.
 * @returns whether the body was whole.
 */
export function streamOnto(body: Readable, encode: Encode, to: Writable, clock: Clock): Promise<boolean> {
  return stream(body, () => writeEach(encode(body), to), to, clock);
}

async function stream(
  body: Readable,
  write: () => Promise<void>,
  to: Writable,
  clock: Clock,
): Promise<boolean> {
  // Destroying the body is what wakes an encoder that waits for more of it.
  const giveUp = () =>
    void body.destroy(new Error('the answer was not streamed in time, or the client left'));
  const cancel = clock.after(ANSWER_TIMEOUT_MS, () => {
    giveUp();
    // A client that does not read has to be waited for no longer either.
    to.destroy();
  });
  to.once('close', giveUp);
  try {
    await write();
    return true;
  } catch {
    return false;
  } finally {
    cancel();
    to.off('close', giveUp);
    body.destroy();
  }
}

async function writeEach(chunks: AsyncIterable<Uint8Array>, to: Writable): Promise<void> {
  for await (const bytes of chunks) {
    if (to.destroyed) throw new Error('the client left');
    if (!to.write(bytes)) await drained(to);
  }
}

/** Resolves when it may be written to again, or is gone. */
function drained(to: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      to.off('drain', done);
      to.off('close', done);
      resolve();
    };
    to.on('drain', done);
    to.on('close', done);
  });
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
