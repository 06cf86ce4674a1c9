import { connect } from 'node:net';
import { encodeFrame, OPCODE } from '../../lib/websocket.mjs';
import { ACCEPT, handshakeFor, MASK_KEY } from './wire.mjs';

/** 1000, normal closure. RFC 6455 §7.4.1. */
const CLOSE = encodeFrame(OPCODE.close, Buffer.from([0x03, 0xe8]), MASK_KEY);
const CLOSE_BACK = encodeFrame(OPCODE.close, Buffer.from([0x03, 0xe8]));
const STRAGGLERS_TIMEOUT_MS = 10_000;

/**
 * Opens and closes connections as a browser does: waits for the 101, sends a close frame, waits for the other's and for
 * the other end to close TCP (RFC 6455 §7.1.1). `concurrency` of them are under way until `durationMs` are over; those that
 * began are counted to their end.
 *
 * The servers close first, so what lingers in TIME_WAIT is theirs: it takes no local port of a client, and a new
 * connection from the same port may take its place at once (RFC 6191). So thousands a second need no other addresses.
 * @param {{ port: number, path: string, concurrency: number, durationMs: number }} how
 */
export async function runHandshakes({ port, path, concurrency, durationMs }) {
  const request = handshakeFor(port, path);
  const startedAt = performance.now();
  const cpuBefore = process.cpuUsage();
  const until = startedAt + durationMs;
  const run = { handshakes: 0, failed: false };
  const oneAfterTheOther = async () => {
    while (performance.now() < until && !run.failed) {
      await openAndClose(port, request);
      run.handshakes++;
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, oneAfterTheOther));
  } catch (error) {
    run.failed = true;
    throw error;
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    handshakes: run.handshakes,
    durationMs: performance.now() - startedAt,
    loadCpuUs: user + system,
  };
}

/**
 * @param {number} port
 * @param {string} request
 * @returns {Promise<void>}
 */
function openAndClose(port, request) {
  return new Promise((resolve, reject) => {
    let received = '';
    let frames = -1;
    /** @type {Error | null} */
    let problem = null;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const timer = setTimeout(() => fail('not opened and closed in time'), STRAGGLERS_TIMEOUT_MS);
    socket.setEncoding('latin1');
    socket.on('error', (error) => {
      problem ??= error;
    });
    socket.on('close', () => {
      clearTimeout(timer);
      if (problem !== null) reject(problem);
      else if (frames === -1) reject(new Error('closed during the handshake'));
      // A ping of a heartbeat may have come before.
      else if (!received.slice(frames).endsWith(CLOSE_BACK.toString('latin1')))
        reject(new Error('the close frame did not come back'));
      else resolve();
    });
    socket.on('data', (text) => {
      received += text;
      if (frames !== -1) return;
      const end = received.indexOf('\r\n\r\n');
      if (end === -1) return;
      frames = end + 4;
      const head = received.slice(0, end);
      if (head.startsWith('HTTP/1.1 101 ') && head.includes(ACCEPT)) socket.write(CLOSE);
      else fail(`refused: ${head.split('\r\n', 1)[0]}`);
    });
    socket.write(request);

    /** @param {string} message */
    function fail(message) {
      problem ??= new Error(message);
      socket.destroy();
    }
  });
}
