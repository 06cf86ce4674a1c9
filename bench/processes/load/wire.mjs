import { acceptValue } from '../../lib/websocket.mjs';

const KEY = Buffer.from('the benchmark :)').toString('base64');

/** What a 101 must hold. The key is always the same, so that nothing is hashed while it is measured. */
export const ACCEPT = acceptValue(KEY);
export const MASK_KEY = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/**
 * @param {number} port
 * @param {string} path
 */
export function handshakeFor(port, path) {
  return (
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`
  );
}

/** @param {number} size */
export function payloadOf(size) {
  return Buffer.from(Array.from({ length: size }, (_, index) => (index * 31 + 7) & 0xff));
}
