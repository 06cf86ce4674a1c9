import { once } from 'node:events';
import { connect } from 'node:net';
import { handshakeFor } from './wire.mjs';

const OPEN_TIMEOUT_MS = 10_000;

/** @type {import('node:net').Socket | null} */
let socket = null;

/**
 * Opens a connection and reads nothing after the first bytes of the answer.
 * @param {{ port: number, path: string }} where
 */
export async function openNotReading({ port, path }) {
  const opened = connect({ port, host: '127.0.0.1', noDelay: true });
  socket = opened;
  opened.on('error', () => opened.destroy());
  opened.write(handshakeFor(port, path));
  const [chunk] = await once(opened, 'data', { signal: AbortSignal.timeout(OPEN_TIMEOUT_MS) });
  opened.pause();
  if (!chunk.toString('latin1').startsWith('HTTP/1.1 101 ')) throw new Error('refused');
}

/** @returns {boolean} whether it was still open */
export function closeNotReading() {
  const open = socket !== null && !socket.destroyed;
  socket?.resetAndDestroy();
  socket = null;
  return open;
}
