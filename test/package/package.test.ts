import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

let folder = '';
let tarball = '';

/** Runs a command in the consumer's folder. Rejects, with what it printed, when it fails. */
const inFolder = (command: string, args: readonly string[]) =>
  run(command, args, { cwd: folder, timeout: 60_000 });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wsfw-package-'));
  const packed = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
    cwd: ROOT,
  });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  tarball = join(folder, filename);
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, type: 'module' }),
  );
  await inFolder('npm', [
    'install',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
    '--prefer-offline',
    tarball,
  ]);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the packed package, installed in an empty folder', () => {
  it('brings a command that prints its version and its help', async () => {
    const version = await inFolder('npx', ['wsfw', 'version']);
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = await inFolder('npx', ['wsfw', 'help']);
    expect(help.stdout).toContain('start');
  });

  it('can be imported: a gateway starts, answers its health route, and stops', async () => {
    await writeFile(
      join(folder, 'embed.mjs'),
      `import { createGateway } from 'wsfw';
import { definePlugin } from 'wsfw/plugin';
const gateway = createGateway({ config: { server: { address: '127.0.0.1:0' } } });
const { port } = await gateway.start();
const answer = await fetch(\`http://127.0.0.1:\${port}/health/ready\`, { headers: { connection: 'close' } });
await gateway.stop();
console.log(answer.status, typeof definePlugin);
`,
    );
    const { stdout } = await inFolder('node', ['embed.mjs']);
    expect(stdout).toBe('200 function\n');
  });

  it('type-checks from a consumer under strict settings', async () => {
    await writeFile(
      join(folder, 'consumer.ts'),
      `import { type Config, createGateway, type Gateway, loadConfig } from 'wsfw';
import { definePlugin, noConfig } from 'wsfw/plugin';

export async function embed(): Promise<Gateway> {
  const config: Config = await loadConfig('./config', { env: {} });
  const gateway = createGateway({ config });
  const { port }: { port: number } = await gateway.start();
  for (const connection of gateway.connections()) connection.close('draining');
  // @ts-expect-error a port is a number
  const wrong: string = port;
  return wrong === '' ? gateway : gateway;
}

export default definePlugin({
  name: 'consumer',
  middlewares: { Pass: { config: noConfig, create: () => (_exchange, next) => next() } },
});
`,
    );
    const types = join(ROOT, 'node_modules', '@types');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2023', '--types', 'node'];
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
    await inFolder('node', [tsc, ...options, '--typeRoots', types, '--skipLibCheck', 'false', 'consumer.ts']);
  });

  it('runs the demo with no configuration at all', async () => {
    // Not through npx, which would hide the exit code behind its own.
    const child = spawn(join(folder, 'node_modules', '.bin', 'wsfw'), ['start', '--demo'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const exited = once(child, 'exit') as Promise<[number | null]>;
    try {
      await expect.poll(() => output, { timeout: 15_000 }).toContain('http://localhost:8080/');
      const page = await fetch('http://localhost:8080/', { headers: { connection: 'close' } });
      expect(page.status).toBe(200);
    } finally {
      child.kill('SIGINT');
    }
    expect((await exited)[0]).toBe(0);
  });

  it('is clean for publint and for are-the-types-wrong', async () => {
    const bin = (name: string) => join(ROOT, 'node_modules', '.bin', name);
    await inFolder(bin('publint'), ['run', tarball, '--strict']);
    await inFolder(bin('attw'), [tarball, '--profile', 'esm-only']);
  });
});
