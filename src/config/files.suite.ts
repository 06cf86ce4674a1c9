import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import { formatProblems, sortProblems } from '../base/format-problems.ts';
import { readConfig } from './load.ts';

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

/** A folder with these files, gone after the test. */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wsfw-config-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** Every problem of the files, as `place  key: message`. */
export async function problemsIn(
  files: Readonly<Record<string, string>>,
  env: Record<string, string> = {},
): Promise<string[]> {
  const { problems } = await readConfig('.', { cwd: await folderWith(files), env });
  return sortProblems(problems).map((problem) =>
    formatProblems([problem]).replace('\n1 problem. Nothing was started.', '').replace('\n  ', ': '),
  );
}

export const PLUGINS = 'plugins:\n  - path: /plugins/wsfw.so\n';
export const MIDDLEWARES = `middlewares:
  CheckWebSocketUpgrade:
    use: plugins.wsfw.middlewares.CheckWebSocketUpgradeMiddleware
`;
export const ACTIONS = `actions:
  ForwardWebSocket:
    use: plugins.wsfw.actions.WebSocketAction
    config:
      pongTimeout: 30s
      upstreamEndpoint: "ws://localhost:8080/ws"
`;
export const ROUTES = `routes:
  - path: "/ws/chat"
    method: "GET"
    middlewares:
      - CheckWebSocketUpgrade
    action: ForwardWebSocket
`;
/** The four files of the example, shortened. */
export const EXAMPLE = {
  'config/plugins.yaml': PLUGINS,
  'config/middlewares.yaml': MIDDLEWARES,
  'config/actions.yaml': ACTIONS,
  'config/routes.yaml': ROUTES,
};
