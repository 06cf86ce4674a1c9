import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../lib/child.mjs';
import { answerTo } from '../lib/websocket.mjs';

const RATE = 1_000;
const DURATION_MS = 600;
const STALL_MS = 200;
/** A header of four, a mask of four, a payload of 128. */
const FRAME_BYTES = 136;

/** Sends back what 128 masked bytes become unmasked: enough of a server for these tests. */
class Upstream {
  #server = createServer((socket) => {
    let greeted = false;
    /** @type {Promise<void>} */
    let turn = Promise.resolve();
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      if (!greeted) {
        greeted = true;
        socket.write(answerTo(chunk.toString('latin1')) ?? '');
        return;
      }
      this.#beforeStandingStill -= chunk.length / FRAME_BYTES;
      if (this.#beforeStandingStill <= 0) {
        this.#beforeStandingStill = Number.POSITIVE_INFINITY;
        this.#standingStill = sleep(STALL_MS);
      }
      turn = turn.then(async () => {
        await this.#standingStill;
        socket.write(this.#echoesOf(chunk));
      });
    });
  });
  #standingStill = Promise.resolve();
  #beforeStandingStill = Number.POSITIVE_INFINITY;

  listen() {
    return new Promise((resolve) => {
      this.#server.listen(0, '127.0.0.1', () => {
        const address = this.#server.address();
        resolve(typeof address === 'object' ? address?.port : 0);
      });
    });
  }

  /** @param {number} messages */
  standStillAfter(messages) {
    this.#beforeStandingStill = messages;
  }

  close() {
    this.#server.close();
  }

  /** @param {Buffer} frames */
  #echoesOf(frames) {
    const count = frames.length / FRAME_BYTES;
    assert.ok(Number.isInteger(count), 'frames come whole on loopback');
    return Buffer.concat(
      Array.from({ length: count }, (_, index) => echoOf(frames.subarray(index * FRAME_BYTES))),
    );
  }
}

/** @param {Buffer} frame */
function echoOf(frame) {
  const payload = Buffer.from(
    frame.subarray(8, FRAME_BYTES).map((byte, index) => byte ^ (frame[4 + (index & 3)] ?? 0)),
  );
  return Buffer.concat([Buffer.from([0x82, 126, 0, 128]), payload]);
}

const upstream = new Upstream();
const load = new Child('the load generator', new URL('./load.mjs', import.meta.url));
let port = 0;

before(async () => {
  port = await upstream.listen();
  await load.ask('open', { set: 'a', port, path: '/', count: 4, tls: false });
});
after(async () => {
  await load.ask('close', { set: 'a' });
  await load.stop();
  upstream.close();
});

test('sends at the rate that it was told, and waits for all echoes', async () => {
  const { messages, durationMs } = await load.ask('pace', {
    set: 'a',
    rate: RATE,
    size: 128,
    durationMs: DURATION_MS,
  });
  assert.equal(messages, (RATE * DURATION_MS) / 1_000);
  // The last message is due one interval before the end.
  assert.ok(durationMs >= DURATION_MS - 1_000 / RATE - 1, `${durationMs} ms`);
});

test('charges a server that stood still with every message of that time', async () => {
  upstream.standStillAfter((RATE * DURATION_MS) / 3_000);
  const { messages, latency } = await load.ask('pace', {
    set: 'a',
    rate: RATE,
    size: 128,
    durationMs: DURATION_MS,
  });
  assert.equal(messages, (RATE * DURATION_MS) / 1_000);
  // A third of all messages fell due while it stood still, evenly spread over that time. A closed loop on four connections
  // would have seen four slow ones among hundreds.
  assert.ok(latency.p99 >= STALL_MS * 0.75, `p99 ${latency.p99} ms`);
  assert.ok(latency.max >= STALL_MS * 0.9, `longest ${latency.max} ms`);
});

test('counts a closed loop and its own CPU time', async () => {
  const { messages, durationMs, loadCpuUs } = await load.ask('drive', {
    set: 'a',
    depth: 2,
    size: 128,
    durationMs: 50,
  });
  assert.ok(messages >= 8 && messages % 1 === 0, `${messages} messages`);
  assert.ok(durationMs >= 49 && loadCpuUs > 0);
});
