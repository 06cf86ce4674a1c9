import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { within } from '../support/deadline.ts';
import { openRaw } from '../support/raw-client.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { useTestBed } from '../support/test-bed.ts';

const bed = useTestBed();
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const HOLD = path('../../examples/takeover/hold.py');
const MAIN = path('../../dist/cli/main.js');
const hasPython = spawnSync('python3', ['--version']).status === 0;

const TIMEOUT_MS = 30_000;
const CLIENTS = 4;

/** The process that holds the socket, as an operator runs it. */
class Holder {
  output = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #watchers = new Set<() => void>();

  constructor(cwd: string) {
    const gateway = [process.execPath, MAIN, 'start', '--log-format', 'json'];
    const { PATH = '' } = process.env;
    this.#child = spawn('python3', [HOLD, '127.0.0.1:0', ...gateway], { cwd, env: { PATH } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        for (const look of [...this.#watchers]) look();
      });
    }
    this.#closed = once(this.#child, 'close');
    onTestFinished(async () => this.stop());
  }

  /** When `pattern` was printed so often. */
  printed(pattern: RegExp, times = 1): Promise<void> {
    const found = new Promise<void>((resolve) => {
      const look = () => {
        if ((this.output.match(new RegExp(pattern, 'g')) ?? []).length < times) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
    return within(found, `${pattern}, ${times} times`, TIMEOUT_MS).catch((error: unknown) => {
      throw new Error(`${String(error)}:\n${this.output}`);
    });
  }

  get port(): number {
    return Number(/holding 127\.0\.0\.1:(\d+)/.exec(this.output)?.[1]);
  }

  replace(): void {
    this.#child.kill('SIGHUP');
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM');
    await within(this.#closed, 'end of the process that holds the socket', TIMEOUT_MS);
  }
}

interface Outcome {
  echoed: number;
  readonly failures: string[];
}

/** Opens one connection after the other, each good for one message, until it is told to stop. */
async function keepConnecting(port: number, until: { over: boolean }): Promise<Outcome> {
  const outcome: Outcome = { echoed: 0, failures: [] };
  while (!until.over) {
    try {
      const client = await openRaw({ port, path: '/echo' });
      client.sendText('hello');
      const ended = await client.nextMessage().then(
        ({ payload }) => payload.toString(),
        (error: unknown) => String(error),
      );
      if (ended === 'hello') outcome.echoed++;
      // It was among the last that the old gateway took, and is told to come back.
      else if (!ended.includes('close 1012')) outcome.failures.push(ended);
      client.reset();
    } catch (error) {
      outcome.failures.push(String(error));
    }
  }
  return outcome;
}

describe.skipIf(process.platform === 'win32' || !hasPython)(
  'a gateway that takes a listening socket over',
  () => {
    it.each(['', 'workers: 2'])(
      'refuses nobody while the one before it drains (%s)',
      { timeout: 3 * TIMEOUT_MS },
      async (setting) => {
        const echo = await bed.echo();
        const cwd = temporaryFolder({
          'wsfw.yaml': `
server:
  address: 127.0.0.1:9
  drain: {timeout: 5s}
  ${setting}
plugins: [{path: wsfw}]
actions: {Forward: {use: plugins.wsfw.actions.WebSocketAction, config: {upstreamEndpoint: '${echo.url()}'}}}
routes: [{path: /echo, action: Forward}]
`,
        });
        const holder = new Holder(cwd);
        await holder.printed(/"msg":"listening"/);
        const { port } = holder;
        const long = await bed.open({ port, path: '/echo' });
        const until = { over: false };
        const clients = Array.from({ length: CLIENTS }, () => keepConnecting(port, until));

        for (const round of [1, 2]) {
          holder.replace();
          await holder.printed(/"msg":"stopped"/, round);
          await holder.printed(/"msg":"listening"/, round + 1);
        }
        until.over = true;
        const outcomes = await Promise.all(clients);
        expect(outcomes.flatMap(({ failures }) => failures)).toEqual([]);
        for (const { echoed } of outcomes) expect(echoed).toBeGreaterThan(0);
        expect(await long.nextClose()).toEqual({ code: 1012, reason: 'service restart' });
        long.destroy();
        await holder.stop();
        expect(holder.output).toContain('server.address has no effect');
      },
    );
  },
);
