import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** As much as Node reads at once. */
const READ_BYTES = 65_536;

/** Every direct socket reads into this buffer: what arrives is looked at once, at once. */
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

/** Is handed what a direct socket read. */
export interface DirectReader {
  /** @param bytes valid during the call only: the next read of any socket overwrites them. */
  gotBytes(bytes: Buffer): void;
}

/**
 * A TCP socket whose bytes go straight to a reader, past its readable stream: no buffer is allocated for a read, and
 * collected later, which is a third of what a small message costs. All else is as with any socket: `write`, `pause`,
 * `resume`, `end` and `close`.
 */
export class DirectSocket extends Socket {
  /** `null` while nobody reads: what arrives then is lost. */
  reader: DirectReader | null = null;

  constructor(handle: object, highWaterMark: number) {
    const options = {
      handle,
      highWaterMark,
      allowHalfOpen: true,
      onread: { buffer: readBuffer, callback: passOn },
    };
    super(options);
  }
}

function passOn(this: unknown, count: number): boolean {
  (this as DirectSocket).reader?.gotBytes(readBuffer.subarray(0, count));
  return true;
}

/**
 * Moves a plain TCP connection from one socket of Node's into another that reads directly. The old one ends as if its
 * connection had closed. Node documents direct reading (`onread`) for connections that one opens, not for those that one
 * accepts; hence this way, by the private field `_handle`. Whether it works on this Node, `canReadDirectly` tells.
 * @returns the stream itself when it is something else, or when something of it still waits to be read or written.
 */
export function readDirectly(stream: Duplex): Duplex {
  if (Object.getPrototypeOf(stream) !== Socket.prototype || !isAtRest(stream)) return stream;
  const handle: unknown = Reflect.get(stream, '_handle');
  if (!isHandle(handle)) return stream;
  Reflect.set(stream, '_handle', null);
  const direct = new DirectSocket(handle, stream.writableHighWaterMark);
  stream.destroy();
  return direct;
}

const isAtRest = (stream: Duplex): boolean =>
  stream.readable &&
  stream.writable &&
  stream.readableLength === 0 &&
  stream.writableLength === 0 &&
  !stream.destroyed;

/** Whether it is what a socket of Node's works on, as far as we know it. */
const isHandle = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && 'readStart' in value && 'useUserBuffer' in value;
