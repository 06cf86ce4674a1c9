import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { RawConnection } from '../support/raw-connection.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useTestBed } from '../support/test-bed.ts';
import { Command, wsfw } from './command.ts';

const bed = useTestBed();
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const yaml = (upstream = 'ws://127.0.0.1:1/', server = '') => `server:
  address: 127.0.0.1:0
${server}plugins:
  - path: wsfw
actions:
  Forward:
    use: plugins.wsfw.actions.WebSocketAction
    config:
      upstreamEndpoint: ${upstream}
      maxInactivity: 60s
routes:
  - path: /ws
    method: GET
    action: Forward
`;

const BROKEN = `server:
  address: 127.0.0.1:0
plugins:
  - path: wsfw
actions:
  Forward:
    use: plugins.wsfw.actions.WebSocketAction
    config:
      upstreamEndpoint: ws://127.0.0.1:1/
      pingIntervall: 10s
routes:
  - path: /ws
    action: Froward
`;

const folderWith = (text: string) => temporaryFolder({ 'config/wsfw.yaml': text });

describe('wsfw check', () => {
  it('exits with 0 when the configuration is valid', async () => {
    const { code, stdout, stderr } = await wsfw(['check', '--config', `${folderWith(yaml())}/config`]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('valid');
  });

  it('takes ./config, then ./wsfw.yaml, and several --config', async () => {
    expect(await wsfw(['check'], { cwd: folderWith(yaml()) })).toMatchObject({ code: 0 });
    expect(await wsfw(['check'], { cwd: temporaryFolder({ 'wsfw.yaml': yaml() }) })).toMatchObject({
      code: 0,
    });
    const [head = '', routes = ''] = yaml().split(/(?=routes:)/);
    const parts = temporaryFolder({ 'a.yaml': head, 'more/b.yml': routes });
    const { code } = await wsfw(['check', '-c', `${parts}/a.yaml`, '--config', `${parts}/more`]);
    expect(code).toBe(0);
  });

  it('exits with 1 and names every problem with its place', async () => {
    const folder = folderWith(BROKEN);
    const { code, stdout } = await wsfw(['check'], { cwd: folder });
    expect(code).toBe(1);
    expect(stdout).toBe(
      [
        'config/wsfw.yaml:10:7  actions.Forward.config.pingIntervall',
        '  unknown option. Did you mean pingInterval?',
        'config/wsfw.yaml:13:13  routes[0].action',
        '  no action is named Froward. Defined: Forward',
        '2 problems. Nothing was started.',
        '',
      ].join('\n'),
    );
  });

  it('prints its findings as JSON', async () => {
    const bad = await wsfw(['check', '--json'], { cwd: folderWith(BROKEN) });
    expect(bad.code).toBe(1);
    const found = JSON.parse(bad.stdout) as { valid: boolean; problems: unknown[]; warnings: unknown[] };
    expect(found).toMatchObject({ valid: false, warnings: [] });
    expect(found.problems).toHaveLength(2);
    expect(found.problems[0]).toMatchObject({
      file: 'config/wsfw.yaml',
      line: 10,
      column: 7,
      key: 'actions.Forward.config.pingIntervall',
    });
    const good = await wsfw(['check', '--json'], { cwd: folderWith(yaml()) });
    expect(good.code).toBe(0);
    expect(JSON.parse(good.stdout)).toMatchObject({ valid: true, problems: [] });
  });

  it('warns of what is legal but surely unwanted, with its place', async () => {
    const unwanted = yaml('ws://8.8.8.8/').replace('maxInactivity: 60s', 'pongTimeout: 10s');
    const { code, stdout } = await wsfw(['check', '--json'], { cwd: folderWith(unwanted) });
    expect(code).toBe(0);
    const { warnings } = JSON.parse(stdout) as { warnings: { key: string; file: string; line: number }[] };
    const keys = warnings.map(({ key }) => key);
    expect(keys).toContain('actions.Forward.config.pongTimeout');
    expect(keys).toContain('actions.Forward.config.upstreamEndpoint');
    for (const each of warnings) expect(each).toMatchObject({ file: 'config/wsfw.yaml' });
  });

  it('never shows the value of a variable', async () => {
    const text = yaml().replace('maxInactivity: 60s', `maxInactivity: \${SECRET}`);
    const { code, stdout, stderr } = await wsfw(['check'], {
      cwd: folderWith(text),
      env: { SECRET: 'hunter2' },
    });
    expect(code).toBe(1);
    expect(stdout + stderr).not.toContain('hunter2');
    expect(stdout).toContain(`\${SECRET}`);
    const unset = await wsfw(['check'], { cwd: folderWith(text) });
    expect(unset.code).toBe(1);
    expect(unset.stdout).toMatch(/config\/wsfw\.yaml:\d+:\d+.*maxInactivity\n.*SECRET/);
  });

  it('says so when a file is no YAML, with the place', async () => {
    const { code, stdout } = await wsfw(['check'], { cwd: folderWith('routes:\n  - path: [\n') });
    expect(code).toBe(1);
    expect(stdout).toMatch(/config\/wsfw\.yaml:\d+:\d+/);
  });

  it.each([['./nowhere'], ['./nowhere.yaml']])('says so when there is no %s', async (path) => {
    const { code, stdout, stderr } = await wsfw(['check', '--config', path], { cwd: temporaryFolder() });
    expect(code).toBe(1);
    expect(stdout + stderr).toContain('nowhere');
    expect(stdout + stderr).not.toMatch(/\n\s+at /);
  });

  it('looks at the certificate of the listener as a start would', async () => {
    const text = yaml('ws://127.0.0.1:1/', '  tls: true\n  certFile: ./none.pem\n  keyFile: ./none.pem\n');
    const { code, stdout, stderr } = await wsfw(['check'], { cwd: folderWith(text) });
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(/certFile.*none\.pem/s);
  });
});

describe('the other commands', () => {
  it('schema prints a JSON Schema', async () => {
    const { code, stdout } = await wsfw(['schema'], { cwd: temporaryFolder() });
    expect(code).toBe(0);
    const schema = JSON.parse(stdout) as { properties: Record<string, unknown> };
    expect(Object.keys(schema.properties)).toEqual(
      expect.arrayContaining(['server', 'plugins', 'middlewares', 'actions', 'routes']),
    );
    expect(stdout).toContain('pingInterval');
  });

  it('version prints the version, and so do its options', async () => {
    for (const result of await Promise.all([['version'], ['--version'], ['-V']].map((args) => wsfw(args))))
      expect(result).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('help explains all commands, or one', async () => {
    const all = await Promise.all([['help'], ['--help']].map((args) => wsfw(args)));
    for (const { code, stdout } of all) {
      expect(code).toBe(0);
      for (const command of ['start', 'check', 'schema', 'version']) expect(stdout).toContain(command);
    }
    const one = await Promise.all(
      [
        ['help', 'start'],
        ['start', '--help'],
      ].map((args) => wsfw(args)),
    );
    for (const { code, stdout } of one) {
      expect(code).toBe(0);
      expect(stdout).toContain('--log-level');
    }
  });

  it('help tells the exit codes', async () => {
    const { stdout } = await wsfw(['help']);
    for (const code of ['0', '1', '2', '70']) expect(stdout).toMatch(new RegExp(`^ +${code} `, 'm'));
  });

  it('that are not understood exit with 2, and say what is wrong', async () => {
    const wrong: [string[], string][] = [
      [['strat'], 'start'],
      [['start', '--confg', 'x'], '--config'],
      [['start', '--log-level', 'loud'], 'loud'],
      [['start', '--config'], '--config'],
      [['check', 'config'], 'check'],
    ];
    const results = await Promise.all(wrong.map(async ([args, hint]) => ({ hint, ...(await wsfw(args)) })));
    for (const { hint, code, stdout, stderr } of results) {
      expect({ code, stdout }, stderr).toEqual({ code: 2, stdout: '' });
      expect(stderr).toContain(hint);
    }
  });

  it('none at all prints the help', async () => {
    const { code, stdout, stderr } = await wsfw([]);
    expect(code).toBe(2);
    expect(stdout + stderr).toContain('start');
  });
});

describe('wsfw start that cannot', () => {
  it('prints every problem with its place, and starts nothing', async () => {
    const { code, stdout, stderr } = await wsfw(['start'], { cwd: folderWith(BROKEN) });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('config/wsfw.yaml:10:7  actions.Forward.config.pingIntervall');
    expect(stderr).toContain('config/wsfw.yaml:13:13  routes[0].action');
    expect(stderr).toContain('2 problems. Nothing was started.');
  });

  it('for want of a folder says which', async () => {
    const { code, stderr } = await wsfw(['start', '-c', './absent'], { cwd: temporaryFolder() });
    expect(code).toBe(1);
    expect(stderr).toContain('absent');
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('for want of any configuration says where it looked', async () => {
    const { code, stderr } = await wsfw(['start'], { cwd: temporaryFolder() });
    expect(code).toBe(1);
    expect(stderr).toMatch(/config/);
    expect(stderr).toMatch(/wsfw\.yaml/);
  });

  it('because the port is in use names the address', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    bed.after(() => void taken.close());
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const text = yaml().replace('127.0.0.1:0', `127.0.0.1:${port}`);
    const { code, stderr } = await wsfw(['start'], { cwd: folderWith(text) });
    expect(code).toBe(1);
    expect(stderr).toContain(`127.0.0.1:${port}`);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('for an unreadable certificate names the file', async () => {
    const text = yaml('ws://127.0.0.1:1/', '  tls: true\n  certFile: ./none.pem\n  keyFile: ./none.pem\n');
    const { code, stderr } = await wsfw(['start'], { cwd: folderWith(text) });
    expect(code).toBe(1);
    expect(stderr).toMatch(/certFile.*none\.pem/s);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('wsfw start', () => {
  interface Running {
    readonly command: Command;
    readonly port: number;
    readonly upstream: RawUpstream;
  }

  async function run(args: readonly string[] = [], server = ''): Promise<Running> {
    const upstream = await bed.upstream();
    const command = new Command(['start', ...args], { cwd: folderWith(yaml(upstream.url(), server)) });
    return { command, upstream, port: await command.port() };
  }

  async function open({ port, upstream }: Running): Promise<{ client: RawConnection; taken: RawConnection }> {
    const client = await bed.open({ port, path: '/ws' });
    return { client, taken: await upstream.next() };
  }

  const jsonLines = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);

  it.each(['SIGTERM', 'SIGINT'] as const)('closes what is open at %s and exits with 0', async (signal) => {
    const running = await run(['--log-format', 'json']);
    const { client, taken } = await open(running);
    running.command.child.kill(signal);
    expect(await client.nextClose()).toEqual({ code: 1012, reason: 'service restart' });
    expect((await taken.nextClose()).code).toBe(1001);
    client.sendClose(1012);
    taken.sendClose(1001);
    taken.end();
    expect(await client.tcpEnd()).toBe('fin');
    client.end();
    const { code, stdout, stderr } = await running.command.exit();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const closed = jsonLines(stdout).filter(({ msg }) => msg === 'connection closed');
    expect(closed).toHaveLength(1);
    expect(closed[0]).toMatchObject({ cause: 'draining', route: '/ws', clientAddress: '127.0.0.1' });
  });

  it('ends at once at a second signal, if that is not the same Ctrl-C', async () => {
    const running = await run();
    const { client } = await open(running);
    const { child } = running.command;
    child.kill('SIGINT');
    child.kill('SIGTERM');
    await client.nextClose();
    const since = performance.now();
    const again = setInterval(() => child.kill('SIGTERM'), 50);
    const { code } = await running.command.exit().finally(() => clearInterval(again));
    expect(code).toBe(143);
    expect(performance.now() - since).toBeGreaterThan(800);
  });

  it('terminates what has not closed in drain.timeout, and exits with 0', async () => {
    const running = await run([], '  drain:\n    timeout: 200ms\n');
    const { client, taken } = await open(running);
    running.command.child.kill('SIGTERM');
    await client.tcpEnd();
    await taken.tcpEnd();
    expect((await running.command.exit()).code).toBe(0);
  });

  it('logs JSON when it is not on a terminal', async () => {
    const running = await run();
    running.command.child.kill('SIGTERM');
    const { stdout } = await running.command.exit();
    const lines = jsonLines(stdout);
    expect(lines[0]).toMatchObject({ msg: 'listening', url: `http://127.0.0.1:${running.port}` });
    expect(lines.at(-1)).toMatchObject({ msg: 'stopped' });
  });

  it('logs for people with --log-format pretty, routes first', async () => {
    const running = await run(['--log-format', 'pretty']);
    const { client, taken } = await open(running);
    client.reset();
    await taken.nextClose();
    taken.destroy();
    await running.command.output(/connection closed/);
    running.command.child.kill('SIGTERM');
    const { stdout } = await running.command.exit();
    expect(stdout).toContain('/ws');
    expect(stdout).toContain('Forward');
    expect(stdout).toContain('client-lost');
    expect(stdout).not.toContain('\u001b');
  });

  it('logs as much as --log-level asks for', async () => {
    const logOf = async (level: string): Promise<string> => {
      const running = await run(['--log-level', level, '--log-format', 'pretty']);
      const { client, taken } = await open(running);
      client.reset();
      await taken.nextClose();
      taken.destroy();
      running.command.child.kill('SIGTERM');
      const { code, stdout } = await running.command.exit();
      expect(code).toBe(0);
      return stdout;
    };
    expect(await logOf('debug')).toMatch(/connection opened[\s\S]*connection closed/);
    expect(await logOf('info')).not.toMatch(/connection opened/);
    expect(await logOf('error')).not.toMatch(/connection closed|stopped/);
  });

  it('goes on when nobody reads its log any more', async () => {
    const running = await run();
    running.command.child.stdout?.destroy();
    for (let i = 0; i < 3; i++) {
      const { client, taken } = await open(running);
      client.reset();
      await taken.nextClose();
      taken.destroy();
    }
    running.command.child.kill('SIGTERM');
    expect((await running.command.exit()).code).toBe(0);
  });
});
