import { describe, expect, it } from 'vitest';
import { headersOf } from '../support/http-head.ts';
import { handshakeRequest } from '../support/raw-client.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useTestBed } from '../support/test-bed.ts';
import { Command, type CommandOptions } from './command.ts';
import { expectProblem } from './problem.ts';

const bed = useTestBed();

/** A plugin whose mistakes surface where nobody awaits them. */
const CLUMSY = `
const config = { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } };
const later = (f) => (_, next) => { setImmediate(f); return next(); };
export default {
  name: 'clumsy',
  middlewares: {
    Reject: { config, create: () => later(() => void Promise.reject(new Error('nobody awaited this'))) },
    Throw: { config, create: () => later(() => { throw new Error('nobody caught this'); }) },
  },
};
`;

const yaml = (upstream: RawUpstream) => `
server:
  address: 127.0.0.1:0
  drain:
    timeout: 2s
plugins:
  - path: wsfw
  - path: ./clumsy.mjs
middlewares:
  Reject:
    use: plugins.clumsy.middlewares.Reject
  Throw:
    use: plugins.clumsy.middlewares.Throw
actions:
  Forward:
    use: plugins.wsfw.actions.WebSocketAction
    config:
      upstreamEndpoint: ${upstream.url()}
routes:
  - {path: /ws, action: Forward}
  - {path: /reject, action: Forward, middlewares: [Reject]}
  - {path: /throw, action: Forward, middlewares: [Throw]}
`;

async function run(options: CommandOptions = {}) {
  const upstream = await bed.upstream();
  const cwd = temporaryFolder({ 'wsfw.yaml': yaml(upstream), 'clumsy.mjs': CLUMSY });
  const command = new Command(['start', '--log-format', 'json'], { cwd, ...options });
  return { command, upstream, port: await command.port() };
}

describe('a process in which', () => {
  it('a rejection is not handled logs it and goes on', async () => {
    const { command, port } = await run();
    const first = await bed.open({ port, path: '/ws' });
    await bed.open({ port, path: '/reject' });
    await command.output(/nobody awaited this/);
    await bed.open({ port, path: '/ws' });
    expect(first.ended).toBeNull();
    command.child.kill('SIGTERM');
    expect((await command.exit()).code).toBe(0);
  });

  it('an error is not caught logs it, drains, and exits with 70', async () => {
    const { command, port, upstream } = await run();
    const first = await bed.open({ port, path: '/ws' });
    const taken = await upstream.next();
    const cause = await bed.open({ port, path: '/throw' });
    expect(await first.nextClose()).toEqual({ code: 1012, reason: 'service restart' });
    expect((await taken.nextClose()).code).toBe(1001);
    for (const each of [first, cause]) each.destroy();
    for (const each of upstream.connections) each.destroy();
    const { code, stdout } = await command.exit();
    expect(code).toBe(70);
    expect(stdout).toContain('nobody caught this');
  });

  it('descriptors run out refuses what it cannot take, and recovers', { timeout: 30_000 }, async () => {
    const { command, port, upstream } = await run({ maxDescriptors: 160 });
    const clients: RawConnection[] = [];
    const statuses = new Map<number, number>();
    for (let i = 0; i < 120; i++) {
      const client = await bed.connect({ port });
      clients.push(client);
      client.write(handshakeRequest({ path: '/ws' }));
      // There may be no descriptor even to accept it; then it is closed at once.
      const answer = await client.readAnswer().catch(() => null);
      const status = answer?.status ?? 0;
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (answer === null || status === 101) continue;
      expectProblem(answer, 503);
      expect(headersOf(answer, 'retry-after')).toHaveLength(1);
    }
    expect(statuses.get(101)).toBeGreaterThan(30);
    expect(statuses.get(101)).toBeLessThan(80);
    for (const client of clients) client.reset();
    for (const each of upstream.connections) each.destroy();
    await command.output(/connection closed/);
    const client = await recovered(port);
    client.sendText('still there?');
    expect((await upstream.connections.at(-1)?.nextMessage())?.payload.toString()).toBe('still there?');
    client.destroy();
    for (const each of upstream.connections) each.destroy();
    command.child.kill('SIGTERM');
    const { code, stdout } = await command.exit();
    expect(code).toBe(0);
    expect(stdout.length).toBeLessThan(200_000);
  });
});

/** The first connection that opens again. */
async function recovered(port: number): Promise<RawConnection> {
  for (let i = 0; i < 50; i++) {
    const client = await bed.connect({ port });
    client.write(handshakeRequest({ path: '/ws' }));
    const answer = await client.readAnswer().catch(() => null);
    if (answer?.status === 101) return client;
  }
  throw new Error('the gateway did not recover');
}
