import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** `wsfw start --demo`, as a newcomer runs it. */
export class DemoCommand {
  readonly #child: ChildProcess;
  #output = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
  }

  /** Resolves when both the gateway and the demo take connections. */
  static async start(): Promise<DemoCommand> {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is not built. Run: npm run build`);
    for (const port of [8080, 8090]) {
      if (await takesConnections(port))
        throw new Error(`This test needs port ${port}, but something listens there.`);
    }
    const child = spawn(process.execPath, [MAIN, 'start', '--demo'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const command = new DemoCommand(child);
    await command.#ready();
    return command;
  }

  /** Stops it as Ctrl-C does. @returns the exit code */
  async interrupt(): Promise<number | null> {
    if (this.#child.exitCode !== null) return this.#child.exitCode;
    const exited = once(this.#child, 'exit') as Promise<[number | null]>;
    this.#child.kill('SIGINT');
    return (await exited)[0];
  }

  /** Ends it at once, whatever it does. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  async #ready(): Promise<void> {
    const listens = async () => (await takesConnections(8080)) && (await takesConnections(8090));
    try {
      await vi.waitFor(
        async () => {
          if (this.#child.exitCode === null && !(await listens())) throw new Error('not yet');
        },
        { timeout: 10_000, interval: 50 },
      );
      if (await listens()) return;
    } catch {
      await this.kill();
    }
    throw new Error(`wsfw start --demo did not start:\n${this.#output}`);
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  const open = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return open;
}
