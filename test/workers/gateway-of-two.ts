import { Command } from '../e2e/command.ts';
import { within } from '../support/deadline.ts';
import type { RawUpstream } from '../support/raw-upstream.ts';
import { settled } from '../support/resources.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import type { TestBed } from '../support/test-bed.ts';

/** A plugin that ends its process in several ways, or cannot start. */
const DEADLY = `
import { existsSync } from 'node:fs';
const config = { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value }) } };
const action = (act) => ({ config, create: ({ host }) => (exchange) => { act(host); return exchange.respond({ status: 204 }); } });
export default {
  name: 'deadly',
  middlewares: {
    Start: {
      config,
      create({ host }) {
        if (existsSync(host.resolvePath('./exit-at-start'))) process.exit(9);
        if (existsSync(host.resolvePath('./throw-at-start'))) throw new Error('there is a file that forbids it');
        return (_, next) => next();
      },
    },
  },
  actions: {
    Exit: action(({ logger }) => {
      for (let i = 0; i < 100; i++) logger.info({ i }, 'last words');
      process.exit(3);
    }),
    Throw: action(() => setImmediate(() => { throw new Error('nobody caught this'); })),
    Print: action(() => console.log('printed by a plugin')),
  },
};
`;

const yaml = (upstream: RawUpstream, server: string) => `
server:
  address: 127.0.0.1:0
  ${server}
  drain:
    timeout: 5s
plugins:
  - path: wsfw
  - path: limiter
  - path: ./deadly.mjs
middlewares:
  Start:
    use: plugins.deadly.middlewares.Start
  Limit:
    use: plugins.limiter.middlewares.LimiterMiddleware
    config: {maxConnections: 5}
actions:
  Forward:
    use: plugins.wsfw.actions.WebSocketAction
    config:
      upstreamEndpoint: ${upstream.url()}
  Exit:
    use: plugins.deadly.actions.Exit
  Throw:
    use: plugins.deadly.actions.Throw
  Print:
    use: plugins.deadly.actions.Print
routes:
  - {path: /ws, action: Forward}
  - {path: /limited, action: Forward, middlewares: [Limit]}
  - {path: /exit, action: Exit, middlewares: [Start]}
  - {path: /throw, action: Throw}
  - {path: /print, action: Print}
`;

export type Line = Readonly<Record<string, unknown>>;

export interface GatewayOfTwo {
  readonly command: Command;
  readonly upstream: RawUpstream;
  readonly folder: string;
}

/** Starts `wsfw start`, with two workers unless the test says otherwise, in a process group of its own. */
export async function launch(bed: TestBed, { server = 'workers: 2', args = [] as string[] } = {}) {
  const upstream = await bed.upstream();
  const folder = temporaryFolder({ 'wsfw.yaml': yaml(upstream, server), 'deadly.mjs': DEADLY });
  const flags = ['--log-format', 'json', '--log-level', 'debug'];
  const command = new Command(['start', ...flags, ...args], { cwd: folder, group: true });
  bed.after(async () => {
    command.signalGroup('SIGKILL');
    await command.finished;
  });
  return { command, upstream, folder };
}

/** The lines of the log so far. Fails when one of them is no JSON. */
export function linesOf({ stdout }: { readonly stdout: string }): Line[] {
  const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}

/** The lines with this message, once there are so many. */
export async function lines(
  command: Command,
  message: string,
  count: number,
  wanted: (line: Line) => boolean = () => true,
): Promise<Line[]> {
  const found = () => linesOf(command).filter((line) => line['msg'] === message && wanted(line));
  const look = () => (found().length >= count ? null : `${found().length} of ${count} lines "${message}"`);
  await within(settled(look, 20_000), `${count} lines "${message}"`, 20_000);
  return found();
}

/** The process ids of the workers, by their numbers, as they stand in the log. */
export async function pidsOf(command: Command): Promise<Map<number, number>> {
  const started = await lines(command, 'worker listens', 2);
  return new Map(started.map(({ worker, pid }) => [Number(worker), Number(pid)]));
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
