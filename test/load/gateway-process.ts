import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { within } from '../support/deadline.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** The built gateway as its own process, so that its memory is its own. */
export class GatewayProcess {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  readonly #folder: string;
  #output = '';

  private constructor(child: ChildProcess, port: number, folder: string) {
    this.port = port;
    this.#child = child;
    this.#folder = folder;
    this.#exited = once(child, 'exit');
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output = (this.#output + text.toString()).slice(-4000);
      });
    }
  }

  /** @param yaml the configuration without its address. */
  static async start(yaml: string): Promise<GatewayProcess> {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), 'wsfw-load-'));
    const file = join(folder, 'wsfw.yaml');
    writeFileSync(file, `server:\n  address: 127.0.0.1:${port}\n${yaml}`);
    const args = [MAIN, 'start', '--config', file, '--log-format', 'json', '--log-level', 'warn'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const gateway = new GatewayProcess(child, port, folder);
    await gateway.#listening();
    return gateway;
  }

  /** Resident memory in bytes. */
  rssBytes(): number {
    return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(this.#child.pid)]).toString()) * 1024;
  }

  /** How many sockets the process holds; `null` where the system does not tell. */
  sockets(): number | null {
    const folder = `/proc/${this.#child.pid}/fd`;
    if (!existsSync(folder)) return null;
    return readdirSync(folder).filter((fd) => isSocket(join(folder, fd))).length;
  }

  /** Asks it to drain; resolves with its exit code. */
  async drain(deadlineMs: number): Promise<number | null> {
    this.#child.kill('SIGTERM');
    const [code] = await within(this.#exited, `exit of the gateway (${this.#output})`, deadlineMs);
    return code as number | null;
  }

  /** The last of what it printed. */
  get output(): string {
    return this.#output;
  }

  dispose(): void {
    if (this.#child.exitCode === null) this.#child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #listening(): Promise<void> {
    const endMs = performance.now() + 10_000;
    while (!(await canConnect(this.port))) {
      if (this.#child.exitCode !== null || performance.now() > endMs) {
        this.dispose();
        throw new Error(`the gateway does not listen: ${this.#output}`);
      }
    }
  }
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    // A process needs a moment to start: ask again at a walking pace.
    socket.once('error', () => setTimeout(resolve, 20, false));
  });
}
