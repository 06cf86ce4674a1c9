import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Command } from '../e2e/command.ts';
import type { RawConnection } from '../support/raw-connection.ts';
import { settled } from '../support/resources.ts';
import { useTestBed } from '../support/test-bed.ts';
import { type GatewayOfTwo, isAlive, launch, lines, linesOf, pidsOf } from './gateway-of-two.ts';

const bed = useTestBed();
const TIMEOUT = { timeout: 60_000 };

interface Pair {
  /** The request id of its handshake. */
  readonly id: string;
  readonly client: RawConnection;
  readonly taken: RawConnection;
}

/** Two workers, and so many connections through them. */
async function serve(connections = 0, options = {}) {
  const launched = await launch(bed, options);
  const port = await launched.command.port();
  const pairs: Pair[] = [];
  for (let i = 0; i < connections; i++) pairs.push(await open(launched, port));
  return { ...launched, port, pairs };
}

async function open({ upstream }: Pick<GatewayOfTwo, 'upstream'>, port: number): Promise<Pair> {
  const id = randomUUID();
  const client = await bed.open({ port, path: '/ws', headers: [['X-Request-Id', id]] });
  return { id, client, taken: await upstream.next() };
}

/** The connections of each worker. */
async function byWorker(command: Command, pairs: readonly Pair[]): Promise<Record<1 | 2, Pair[]>> {
  const ids = new Set(pairs.map(({ id }) => id));
  const owners = new Map<string, unknown>();
  for (const { id, worker } of await lines(command, 'connection opened', pairs.length, ({ id }) =>
    ids.has(String(id)),
  ))
    owners.set(String(id), worker);
  const of = (worker: number): Pair[] => pairs.filter(({ id }) => owners.get(id) === worker);
  return { 1: of(1), 2: of(2) };
}

async function request(port: number, path: string): Promise<number> {
  const { answer, connection } = await bed.request({ port, path });
  connection.destroy();
  return answer.status;
}

async function closesWell({ client, taken }: Pair): Promise<void> {
  expect(await client.nextClose()).toEqual({ code: 1012, reason: 'service restart' });
  expect((await taken.nextClose()).code).toBe(1001);
  client.sendClose(1012);
  taken.sendClose(1001);
  taken.end();
  expect(await client.tcpEnd()).toBe('fin');
  client.end();
}

function drop(pairs: readonly Pair[]): void {
  for (const { client, taken } of pairs) {
    client.destroy();
    taken.destroy();
  }
}

async function works({ client, taken }: Pair): Promise<void> {
  client.sendText('still there?');
  expect((await taken.nextMessage()).payload.toString()).toBe('still there?');
}

describe('two workers', TIMEOUT, () => {
  it('share the connections of one port, and write whole lines into one log', async () => {
    const { command, pairs, port } = await serve(20);
    const owned = await byWorker(command, pairs);
    // In turn, but for a worker that is slow to say that it took one.
    expect(Math.min(owned[1].length, owned[2].length)).toBeGreaterThan(5);
    const plain = await bed.connect({ port });
    plain.write('GET /print HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect((await plain.readAnswer()).status).toBe(204);
    await command.output(/^printed by a plugin$/m);
    command.stdout = command.stdout.replace('printed by a plugin\n', '');
    drop(pairs);
    const closed = await lines(command, 'connection closed', 20);
    for (const line of closed)
      expect(line).toMatchObject({ worker: expect.any(Number) as number, route: '/ws' });
    expect((await lines(command, 'listening', 1))[0]).toMatchObject({ workers: 2 });
  });

  it('drain at the same time at SIGTERM, and end in good order', async () => {
    const { command, pairs } = await serve(4);
    const pids = await pidsOf(command);
    command.child.kill('SIGTERM');
    await Promise.all(pairs.map(closesWell));
    const { code, stderr } = await command.exit();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const log = linesOf(command);
    expect(log.filter(({ msg }) => msg === 'connection closed')).toHaveLength(4);
    expect(log.at(-1)).toMatchObject({ msg: 'stopped', opened: 4, refused: 0 });
    for (const pid of pids.values()) expect(isAlive(pid)).toBe(false);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('stop once when all get %s', async (signal) => {
    const { command, pairs } = await serve(2);
    command.signalGroup(signal);
    await Promise.all(pairs.map(closesWell));
    expect((await command.exit()).code).toBe(0);
    const log = linesOf(command);
    expect(log.filter(({ msg }) => msg === 'stopping')).toHaveLength(1);
    expect(log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('are gone at once at a second signal', async () => {
    const { command } = await serve(2);
    const pids = await pidsOf(command);
    command.child.kill('SIGTERM');
    const again = setInterval(() => command.signalGroup('SIGTERM'), 50);
    expect((await command.exit().finally(() => clearInterval(again))).code).toBe(143);
    await settled(() => ([...pids.values()].some(isAlive) ? 'a worker is left' : null));
  });

  it('count the requests of a client together', async () => {
    const { port, command } = await serve();
    const statuses: number[] = [];
    for (let i = 0; i < 8; i++) statuses.push(await request(port, '/limited'));
    expect(statuses).toEqual([101, 101, 101, 101, 101, 429, 429, 429]);
    const refused = await lines(command, 'handshake refused', 3);
    expect(new Set(refused.map(({ worker }) => worker)).size).toBe(2);
  });

  it('are what prefork asks for, one for each core', async () => {
    const { command } = await serve(0, { server: 'prefork: true' });
    const [line] = await lines(command, 'listening', 1);
    // A machine of one core needs no second process.
    expect(line?.['workers'] ?? 1).toBeGreaterThan(0);
    command.child.kill('SIGTERM');
    expect((await command.exit()).code).toBe(0);
  });

  it('are named in the startup message', async () => {
    const { command } = await launch(bed, { args: ['--log-format', 'pretty'] });
    await command.output(/Workers +2 /);
    await command.output(/INFO \(\d+\): worker listens.*"worker":1/);
  });
});

describe('a reload of two workers', TIMEOUT, () => {
  const yamlOf = (folder: string) => join(folder, 'wsfw.yaml');
  const rewrite = (folder: string, from: string, to: string) =>
    writeFileSync(yamlOf(folder), readFileSync(yamlOf(folder), 'utf8').replace(from, to));

  it('reaches both at SIGHUP, and keeps their connections', async () => {
    const { command, pairs, port, folder } = await serve(2);
    rewrite(folder, 'path: /limited,', 'path: /renamed,');
    command.signalGroup('SIGHUP');
    const reloaded = await lines(command, 'reloaded', 2, ({ worker }) => worker !== undefined);
    expect(new Set(reloaded.map(({ worker }) => worker)).size).toBe(2);
    expect([await request(port, '/limited'), await request(port, '/limited')]).toEqual([404, 404]);
    expect([await request(port, '/renamed'), await request(port, '/renamed')]).toEqual([101, 101]);
    for (const pair of pairs) await works(pair);
  });

  it('reaches none when the configuration is wrong, or needs a restart', async () => {
    const { command, port, folder } = await serve();
    rewrite(folder, 'path: /limited,', 'path: /renamed,');
    rewrite(folder, 'workers: 2', 'workers: 3');
    command.child.kill('SIGHUP');
    await command.output(/needs a restart/);
    expect([await request(port, '/limited'), await request(port, '/limited')]).toEqual([101, 101]);
    expect(linesOf(command).filter(({ msg }) => msg === 'reloaded')).toEqual([]);
  });
});

describe('a worker', TIMEOUT, () => {
  it('that is killed is replaced, while the connections of the other live on', async () => {
    const { command, pairs, port, upstream } = await serve(6);
    const pids = await pidsOf(command);
    const owned = await byWorker(command, pairs);
    process.kill(pids.get(1) ?? 0, 'SIGKILL');
    for (const { client } of owned[1]) await client.tcpEnd();
    drop(owned[1]);
    const [ended] = await lines(command, 'a worker ended that was not told to: it is replaced', 1);
    expect(ended).toMatchObject({ worker: 1, pid: pids.get(1), signal: 'SIGKILL', restartInMs: 100 });
    for (const pair of owned[2]) await works(pair);
    await lines(command, 'worker listens', 3);
    const later = [await open({ upstream }, port), await open({ upstream }, port)];
    const ownedLater = await byWorker(command, later);
    expect([ownedLater[1].length, ownedLater[2].length]).toEqual([1, 1]);
  });

  it('that throws drains, ends with 70, and is replaced', async () => {
    const { command, pairs, port } = await serve(4);
    const owned = await byWorker(command, pairs);
    const plain = await bed.connect({ port });
    plain.write('GET /throw HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await plain.readAnswer();
    const [thrown] = await lines(command, 'an exception was not caught: draining, then exiting', 1);
    const [mine, others] = thrown?.['worker'] === 1 ? [owned[1], owned[2]] : [owned[2], owned[1]];
    await Promise.all(mine.map(closesWell));
    const [ended] = await lines(command, 'a worker ended that was not told to: it is replaced', 1);
    expect(ended).toMatchObject({ worker: thrown?.['worker'], exitCode: 70 });
    for (const pair of others) await works(pair);
    await lines(command, 'worker listens', 3);
  });

  it('that exits is heard to its last line', async () => {
    const { command, port } = await serve();
    const plain = await bed.connect({ port });
    plain.write('GET /exit HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await lines(command, 'a worker ended that was not told to: it is replaced', 1);
    const log = linesOf(command);
    expect(log.filter(({ msg }) => msg === 'last words')).toHaveLength(100);
    const last = log.findLastIndex(({ msg }) => msg === 'last words');
    expect(log.findIndex(({ exitCode }) => exitCode === 3)).toBeGreaterThan(last);
  });

  it('that cannot start any more is tried ever more rarely, until it can', async () => {
    const { command, folder, pairs } = await serve(2);
    const pids = await pidsOf(command);
    const owned = await byWorker(command, pairs);
    const broken = join(folder, 'exit-at-start');
    writeFileSync(broken, '');
    process.kill(pids.get(1) ?? 0, 'SIGKILL');
    const ended = await lines(command, 'a worker ended that was not told to: it is replaced', 4);
    expect(ended.map(({ restartInMs }) => restartInMs)).toEqual([100, 200, 400, 800]);
    expect(ended.slice(1).map(({ exitCode }) => exitCode)).toEqual([9, 9, 9]);
    for (const pair of owned[2]) await works(pair);
    rmSync(broken);
    await lines(command, 'worker listens', 3);
  });

  it('whose first process is gone drains and ends', async () => {
    const { command, pairs } = await serve(4);
    const pids = await pidsOf(command);
    command.child.kill('SIGKILL');
    await Promise.all(pairs.map(closesWell));
    await settled(() => ([...pids.values()].some(isAlive) ? 'a worker is left' : null), 20_000);
  });

  it('is started again when all have ended, on the same port', async () => {
    const { command, port, upstream } = await serve();
    for (const pid of (await pidsOf(command)).values()) process.kill(pid, 'SIGKILL');
    await lines(command, 'worker listens', 4);
    await works(await open({ upstream }, port));
  });
});

describe('a start with workers that cannot', TIMEOUT, () => {
  it('because of a plugin says why, once', async () => {
    const { command, folder } = await launch(bed, { server: 'workers: 2' });
    await command.port();
    command.child.kill('SIGTERM');
    expect((await command.exit()).code).toBe(0);
    writeFileSync(join(folder, 'throw-at-start'), '');
    const again = new Command(['start'], { cwd: folder, group: true });
    const { code, stdout, stderr } = await again.exit();
    expect(code).toBe(1);
    expect(stdout).not.toContain('"level":"error"');
    expect(stderr).toContain('wsfw.yaml:12:3  middlewares.Start');
    expect(stderr.match(/there is a file that forbids it/g)).toHaveLength(1);
    expect(stderr).toContain('1 problem. Nothing was started.');
  });

  it('because of the configuration names all problems, once', async () => {
    const { command } = await launch(bed, { server: 'workers: 2\n  readTimeout: 5' });
    const { code, stderr } = await command.exit();
    expect(code).toBe(1);
    expect(stderr.match(/readTimeout/g)).toHaveLength(1);
  });

  it('because the port is in use names it, once', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    bed.after(() => void taken.close());
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { folder } = await launch(bed, { server: 'workers: 0' });
    writeFileSync(join(folder, 'wsfw.yaml'), `server: {address: "127.0.0.1:${port}", workers: 2}\n`);
    const { code, stderr } = await new Command(['start'], { cwd: folder, group: true }).exit();
    expect(code).toBe(1);
    expect(stderr.match(new RegExp(`wanted 127.0.0.1:${port}`, 'g'))).toHaveLength(1);
  });
});
