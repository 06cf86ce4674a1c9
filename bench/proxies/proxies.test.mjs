import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';
import { Child } from '../lib/child.mjs';
import { certificate } from './certificate/index.mjs';
import { PATH, PROXIES } from './index.mjs';

const SIZES = [128, 64 * 1024, 1024 * 1024];
const DEADLINE_MS = 10_000;
const IDLE_MS = 3_000;
const echo = new Child('the echo upstream', new URL('../processes/echo.mjs', import.meta.url));
let upstreamPort = 0;

before(async () => {
  upstreamPort = await echo.ask('listen');
});
after(() => echo.stop());

/**
 * @param {import('./index.mjs').RunningProxy} proxy
 * @param {import('./index.mjs').TlsFiles | null} tls
 */
async function dial({ port }, tls) {
  const url = `${tls === null ? 'ws' : 'wss'}://127.0.0.1:${port}${PATH}`;
  const client = new WebSocket(url, { perMessageDeflate: false, rejectUnauthorized: false });
  await once(client, 'open', { signal: AbortSignal.timeout(DEADLINE_MS) });
  return client;
}

/**
 * @param {WebSocket} client
 * @param {number} size
 */
async function exchange(client, size) {
  const sent = randomBytes(size);
  client.send(sent);
  const [received] = await once(client, 'message', { signal: AbortSignal.timeout(DEADLINE_MS) });
  assert.ok(sent.equals(received), `${size} bytes came back changed`);
}

for (const proxy of PROXIES) {
  const version = proxy.find();
  const skip = version === null && `${proxy.title} is not on this machine`;

  describe(proxy.name, { skip }, () => {
    for (const tls of [null, certificate]) {
      test(`echoes small and large messages ${tls === null ? 'without' : 'with'} TLS, stays open while idle, and stops`, async () => {
        const running = await proxy.start({ upstreamPort, tls, workers: 1, nodeFlags: [], env: {} });
        try {
          const client = await dial(running, tls);
          for (const size of SIZES) await exchange(client, size);
          const before = await running.usage();
          await sleep(IDLE_MS);
          await exchange(client, SIZES[0] ?? 0);
          const { cpuUs, rssBytes } = await running.usage();
          assert.ok(cpuUs > before.cpuUs && rssBytes > 1024 * 1024, 'it uses CPU and memory');
          client.terminate();
        } finally {
          await running.stop();
        }
        assert.deepEqual(
          running.pids.filter((pid) => existsSync(`/proc/${pid}`)),
          [],
        );
        await assert.rejects(dial(running, tls), /ECONNREFUSED/);
      });
    }
  });
}
