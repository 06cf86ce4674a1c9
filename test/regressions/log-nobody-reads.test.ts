import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { within } from '../support/deadline.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
/** Lines of some 200 bytes: several times what a pipe holds. */
const REFUSALS = 2000;

/** A handshake that no route takes. */
function refusedHandshake(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { Connection: 'Upgrade', Upgrade: 'websocket' };
    get({ host: '127.0.0.1', port, path: '/nowhere', headers, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    }).on('error', reject);
  });
}

it('goes on serving when nobody reads its log', async () => {
  const folder = temporaryFolder({ 'wsfw.yaml': 'server: {address: "127.0.0.1:0"}\n' });
  const args = [MAIN, 'start', '--config', folder, '--log-format', 'json'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  try {
    const [first] = (await within(once(child.stdout, 'data'), 'first line of the log')) as [Buffer];
    const { url } = JSON.parse(first.toString()) as { url: string };
    child.stdout.pause();
    for (let done = 0; done < REFUSALS; done += 50) {
      const statuses = await Promise.all(
        Array.from({ length: 50 }, () => refusedHandshake(Number(new URL(url).port))),
      );
      expect(new Set(statuses)).toEqual(new Set([404]));
    }
  } finally {
    child.stdout.resume();
    child.kill('SIGTERM');
  }
  expect((await within(exited, 'exit of the gateway'))[0]).toBe(0);
});
