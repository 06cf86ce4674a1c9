import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { Child } from '../lib/child.mjs';
import { acceptValue, encodeFrame, OPCODE } from '../lib/websocket.mjs';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const MASK_KEY = Buffer.from([1, 2, 3, 4]);
const echo = new Child('the echo upstream', new URL('./echo.mjs', import.meta.url));
let port = 0;

before(async () => {
  port = await echo.ask('listen');
});
after(() => echo.stop());

/**
 * Sends the pieces one by one and returns what came back after the handshake.
 * @param {readonly Uint8Array[]} pieces
 * @param {number} length How many bytes to wait for.
 */
async function exchange(pieces, length) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  let received = Buffer.alloc(0);
  const headEnd = () => received.indexOf('\r\n\r\n') + 4;
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk]);
  });
  socket.write(`GET /ws HTTP/1.1\r\nHost: x\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`);
  while (headEnd() < 4) await once(socket, 'data');
  assert.ok(received.includes(`Sec-WebSocket-Accept: ${acceptValue(KEY)}`));
  for (const piece of pieces) {
    socket.write(piece);
    // Lets each piece reach the other end by itself.
    await new Promise((resolve) => setImmediate(resolve));
  }
  while (received.length - headEnd() < length) await once(socket, 'data');
  socket.destroy();
  return received.subarray(headEnd());
}

/** @param {number} size */
const payload = (size) => Buffer.from(Array.from({ length: size }, (_, index) => index & 0xff));

/** @param {Buffer} bytes */
const bytewise = (bytes) => Array.from(bytes, (byte) => Buffer.from([byte]));

test('computes the accept value of RFC 6455 §1.3', () => {
  assert.equal(acceptValue(KEY), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

for (const size of [0, 1, 125, 126, 128, 65_535, 65_536, 300_000]) {
  test(`sends ${size} bytes back unmasked`, async () => {
    const expected = encodeFrame(OPCODE.binary, payload(size));
    const sent = encodeFrame(OPCODE.binary, payload(size), MASK_KEY);
    assert.deepEqual(await exchange([sent], expected.length), expected);
  });
}

test('understands frames that arrive byte by byte, and several at once', async () => {
  const sizes = [0, 3, 126, 5];
  const sent = Buffer.concat(sizes.map((size) => encodeFrame(OPCODE.binary, payload(size), MASK_KEY)));
  const expected = Buffer.concat(sizes.map((size) => encodeFrame(OPCODE.binary, payload(size))));
  assert.deepEqual(await exchange(bytewise(sent), expected.length), expected);
  assert.deepEqual(await exchange([sent], expected.length), expected);
});

test('answers a ping with a pong, says nothing to a pong, and echoes a close', async () => {
  const sent = Buffer.concat([
    encodeFrame(OPCODE.ping, payload(4), MASK_KEY),
    encodeFrame(OPCODE.pong, payload(4), MASK_KEY),
    encodeFrame(OPCODE.close, Buffer.from([0x03, 0xe8]), MASK_KEY),
  ]);
  const expected = Buffer.concat([
    encodeFrame(OPCODE.pong, payload(4)),
    encodeFrame(OPCODE.close, Buffer.from([0x03, 0xe8])),
  ]);
  assert.deepEqual(await exchange([sent], expected.length), expected);
});
