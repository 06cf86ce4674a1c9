import { describe, expect, it } from 'vitest';
import { folderWith, problemsIn } from './files.suite.ts';
import { loadConfig, readConfig } from './load.ts';

describe('variables', () => {
  it('take the type that an option asks for', async () => {
    const text = `server:\n  address: "\${HOST:-127.0.0.1}:\${PORT}"\n  strictRouting: \${STRICT}\n  readTimeout: \${T}\n  limits:\n    maxPendingHandshakes: \${MAX}\n  appName: \${NUMBER}\n`;
    const cwd = await folderWith({ 'a.yaml': text });
    const { server } = await loadConfig('.', {
      cwd,
      env: { PORT: '1', STRICT: 'true', T: '5s', MAX: '7', NUMBER: '12' },
    });
    expect(server).toMatchObject({
      address: { host: '127.0.0.1', port: 1 },
      strictRouting: true,
      readTimeoutMs: 5000,
      maxPendingHandshakes: 7,
      appName: '12',
    });
  });

  it('show as written, never as their value', async () => {
    const env = { A: 'hunter2secret', B: '17' };
    const text = `server:
  address: \${A}
  readTimeout: \${B}
  strictRouting: \${A}
  drain: \${A}
  trustedProxies: ["\${A}/8"]
  limits:
    maxPendingHandshakes: \${A}
globalMiddlewares: ["\${A}"]
actions:
  F: {use: "plugins.\${A}"}
routes:
  - {path: "x\${A}", action: "\${A}", method: "\${A}"}
  - {path: "/x", action: "\${A}"}
`;
    const problems = await problemsIn({ 'a.yaml': text }, env);
    expect(problems).toHaveLength(11);
    expect(problems.join('\n')).not.toMatch(/hunter2|17/);
    expect(problems[0]).toBe(
      `a.yaml:2:12  server.address: found "\${A}", expected host:port, such as 127.0.0.1:8090, :8090 or [::1]:8090`,
    );
  });

  it('are one problem each when they are not set, with nothing that follows from it', async () => {
    expect(
      await problemsIn({ 'a.yaml': `server:\n  readTimeout: \${T}\n  appName: \${not-a-name}\n` }),
    ).toEqual([
      `a.yaml:2:16  server.readTimeout: the environment variable T is not set: set it, or write a default, \${T:-default}`,
      `a.yaml:3:12  server.appName: \${not-a-name} names no variable: write \${NAME} or \${NAME:-default}, or $\${ for the characters`,
    ]);
  });

  it('that name a plugin are needed before anything is said of its components', async () => {
    const files = { 'a.yaml': `plugins:\n  - path: \${PLUGIN}\nactions:\n  A: {use: plugins.x.actions.Y}\n` };
    const { config, problems } = await readConfig('.', { cwd: await folderWith(files) });
    expect(config).toBeNull();
    expect(problems.map(({ path }) => path)).toEqual([['plugins', 0, 'path']]);
  });
});
