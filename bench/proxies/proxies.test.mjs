import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket, { WebSocketServer } from 'ws';
import { certificate } from './certificate/index.mjs';
import { PATH, PROXIES } from './index.mjs';

const SIZES = [128, 64 * 1024, 1024 * 1024];
const DEADLINE_MS = 10_000;
const IDLE_MS = 1_500;
/** What each process of a proxy has in its command line. @type {Record<string, RegExp>} */
const PROCESSES = { nginx: /^nginx: /, haproxy: /haproxy/, caddy: /caddy/ };
/** How many there are, where it is not one. @type {Record<string, number>} */
const PROCESS_COUNT = { nginx: 2 };

/** Refuses every path but this, so that the proxies must rewrite it. */
const echo = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/ws' });
let upstreamPort = 0;

before(async () => {
  echo.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  if (echo.address() === null) await once(echo, 'listening');
  const address = echo.address();
  assert.ok(address !== null && typeof address === 'object');
  upstreamPort = address.port;
});
after(() => {
  for (const client of echo.clients) client.terminate();
  echo.close();
});

/**
 * @param {number} port
 * @param {import('./index.mjs').TlsFiles | null} tls
 */
async function dial(port, tls) {
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

/** @param {number} pid */
function commandLine(pid) {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    // What has ended and waits to be fetched by its parent is a zombie.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
}

/**
 * Starts a proxy in a process of its own, as a benchmark does, and kills that process.
 * @param {string} name
 * @returns {Promise<number[]>} the proxy's processes
 */
async function startAndBeKilled(name) {
  const code = `
    import { PROXIES } from '${new URL('./index.mjs', import.meta.url)}';
    const proxy = PROXIES.find(({ name }) => name === '${name}');
    const how = { upstreamPort: ${upstreamPort}, tls: null, workers: 1, nodeFlags: [], env: {} };
    console.log(JSON.stringify((await proxy.start(how)).pids));`;
  const args = ['--input-type=module', '--eval', code];
  const benchmark = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [pids] = await once(benchmark.stdout, 'data', { signal: AbortSignal.timeout(DEADLINE_MS) });
  benchmark.kill('SIGKILL');
  return JSON.parse(pids);
}

for (const proxy of PROXIES) {
  const skip = proxy.find() === null && `${proxy.title} is not on this machine: ${proxy.install}`;

  describe(proxy.name, { skip }, () => {
    for (const tls of [null, certificate]) {
      const how = { tls, workers: 1, nodeFlags: [], env: {} };

      test(`echoes all sizes ${tls === null ? 'without' : 'with'} TLS, also after a pause, and leaves nothing behind`, async () => {
        const running = await proxy.start({ ...how, upstreamPort });
        const pids = [...running.pids];
        try {
          const client = await dial(running.port, tls);
          for (const size of SIZES) await exchange(client, size);
          const earlier = await running.usage();
          await sleep(IDLE_MS);
          await exchange(client, 128);
          const later = await running.usage();
          assert.ok(later.cpuUs > earlier.cpuUs, 'CPU is counted');
          assert.ok(later.rssBytes > 1024 * 1024, 'memory is counted');
          client.terminate();
        } finally {
          await running.stop();
        }
        if (process.platform === 'linux') {
          assert.deepEqual(pids.filter(isAlive), []);
        }
        await assert.rejects(dial(running.port, tls), /ECONNREFUSED/);
      });
    }

    test('names all its processes', { skip: process.platform !== 'linux' }, async () => {
      const how = { tls: null, workers: 1, nodeFlags: [], env: {} };
      const running = await proxy.start({ ...how, upstreamPort });
      try {
        assert.equal(running.pids.length, PROCESS_COUNT[proxy.name] ?? 1);
        for (const pid of running.pids) assert.match(commandLine(pid), PROCESSES[proxy.name] ?? /node/);
      } finally {
        await running.stop();
      }
    });

    test('ends when the benchmark is killed', { skip: process.platform !== 'linux' }, async () => {
      const pids = await startAndBeKilled(proxy.name);
      const deadline = performance.now() + DEADLINE_MS;
      while (pids.some(isAlive) && performance.now() < deadline) await sleep(50);
      assert.deepEqual(pids.filter(isAlive), []);
    });

    if (proxy.name === 'wsfw') {
      test('runs with two workers', { skip: process.platform !== 'linux' }, async () => {
        const how = { tls: null, workers: 2, nodeFlags: [], env: {} };
        const running = await proxy.start({ ...how, upstreamPort });
        const pids = [...running.pids];
        try {
          const client = await dial(running.port, null);
          await exchange(client, 128);
          assert.equal(pids.length, 3);
          client.terminate();
        } finally {
          await running.stop();
        }
        assert.deepEqual(pids.filter(isAlive), []);
      });
    } else {
      test('says that it cannot run with more workers', async () => {
        const how = { tls: null, workers: 2, nodeFlags: [], env: {} };
        await assert.rejects(proxy.start({ ...how, upstreamPort }), /one worker only/);
      });
    }
  });
}
