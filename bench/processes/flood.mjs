// An upstream that never stops talking: after the handshake it sends frames until so many bytes are out, as fast as they are
// taken. It waits whenever the other end does not read.
import { createServer } from 'node:net';
import { answerParent } from '../lib/messenger.mjs';
import { answerTo, encodeFrame, OPCODE } from '../lib/websocket.mjs';

const FRAME = encodeFrame(OPCODE.binary, Buffer.alloc(65_536, 0x2e));

/** @type {import('node:net').Socket | null} */
let flooded = null;

/**
 * @param {import('node:net').Socket} socket
 * @param {number} left Bytes.
 */
function flood(socket, left) {
  let rest = left;
  const pour = () => {
    while (rest > 0) {
      rest -= FRAME.length;
      if (!socket.write(FRAME)) return void socket.once('drain', pour);
    }
  };
  pour();
}

/** @param {number} bytes */
function listen(bytes) {
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    let head = '';
    const onHandshake = (/** @type {Buffer} */ chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      socket.off('data', onHandshake);
      // What comes is for nobody. It is read nevertheless, or the end of the connection would not be noticed.
      socket.resume();
      const answer = answerTo(head);
      if (answer === null) return void socket.destroy();
      socket.write(answer);
      flooded = socket;
      flood(socket, bytes);
    };
    socket.on('data', onHandshake);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = server.address();
      resolve(typeof address === 'object' ? address?.port : undefined);
    });
  });
}

answerParent({
  listen: (/** @type {{ bytes: number }} */ { bytes }) => listen(bytes),
  /** How many bytes the kernel has taken so far. */
  sent: () => (flooded === null ? 0 : flooded.bytesWritten - flooded.writableLength),
  reset() {
    flooded?.resetAndDestroy();
    flooded = null;
  },
});
