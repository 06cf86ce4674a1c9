import { renameSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useTestBed } from '../support/test-bed.ts';
import { Command } from './command.ts';

const bed = useTestBed();

const yaml = (upstream: RawUpstream, routes: readonly string[], address = '127.0.0.1:0') => `
server: {address: '${address}'}
plugins: [{path: wsfw}]
actions:
  Forward:
    use: plugins.wsfw.actions.WebSocketAction
    config: {upstreamEndpoint: '${upstream.url()}', pingInterval: 10s, pongTimeout: 30s, maxMessageSize: 1MiB}
routes: [${routes.map((path) => `{path: ${path}, action: Forward}`).join(', ')}]
`;

async function run(...flags: string[]) {
  const upstream = await bed.upstream();
  const cwd = temporaryFolder({ 'wsfw.yaml': yaml(upstream, ['/a']) });
  const command = new Command(['start', '--log-format', 'json', ...flags], { cwd });
  const port = await command.port();
  // As editors and deployments do it: whole.
  const write = (text: string) => {
    writeFileSync(`${cwd}/new`, text);
    renameSync(`${cwd}/new`, `${cwd}/wsfw.yaml`);
  };
  const open = async (path: string) => ({
    client: await bed.open({ port, path }),
    taken: await upstream.next(),
  });
  return { command, port, upstream, write, open };
}

async function expectAlive({ client, taken }: Awaited<ReturnType<Awaited<ReturnType<typeof run>>['open']>>) {
  client.sendText('still there?');
  expect((await taken.nextMessage()).payload.toString()).toBe('still there?');
}

async function end(command: Command, upstream: RawUpstream): Promise<void> {
  for (const each of upstream.connections) each.destroy();
  command.child.kill('SIGTERM');
  expect((await command.exit()).code).toBe(0);
}

describe('wsfw start', { timeout: 30_000 }, () => {
  it.skipIf(process.platform === 'win32')('reloads at SIGHUP, or says what is wrong', async () => {
    const { command, port, upstream, write, open } = await run();
    const pair = await open('/a');
    write(yaml(upstream, ['/a', '/b']));
    command.child.kill('SIGHUP');
    await command.output(/"routesAdded":\["\/b"\],"msg":"reloaded"/);
    await expectAlive(await open('/b'));

    write(`${yaml(upstream, ['/c'], '127.0.0.1:1')}  - {}\nrutes: []\n`);
    command.child.kill('SIGHUP');
    await command.output(/The old configuration goes on serving/);
    write(yaml(upstream, ['/c', '/c/'], '127.0.0.1:1'));
    command.child.kill('SIGHUP');
    await command.output(/"level":"error".*wsfw.yaml:2:\d+ {2}server.address: needs a restart/);
    await command.output(/wsfw.yaml:8:\d+ {2}routes\[1\]:.*take the same requests/);
    await command.output(/2 problems. The old configuration goes on serving/);
    await expectAlive(pair);
    expect((await bed.request({ port, path: '/c' })).answer.status).toBe(404);
    await end(command, upstream);
  });

  it('--watch reloads when a file changes', async () => {
    const { command, upstream, write, open } = await run('--watch');
    const pair = await open('/a');
    write(yaml(upstream, ['/a', '/b']));
    await command.output(/"routesAdded":\["\/b"\],"msg":"reloaded"/);
    await expectAlive(await open('/b'));
    await expectAlive(pair);
    write('nonsense');
    await command.output(/The old configuration goes on serving/);
    write(yaml(upstream, ['/a']));
    await command.output(/"routesRemoved":\["\/b"\],"msg":"reloaded"/);
    await end(command, upstream);
  });
});
