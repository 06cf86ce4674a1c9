import type { Socket } from 'node:net';

/** Writes one byte a turn of the event loop, so that a reader in this process gets them one by one. */
export async function drip(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (let i = 0; i < bytes.length && socket.writable; i++) {
    socket.write(bytes.subarray(i, i + 1));
    await new Promise((resolve) => setImmediate(resolve));
  }
}
