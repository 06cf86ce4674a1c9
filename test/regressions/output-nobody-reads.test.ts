import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { within } from '../support/deadline.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

it.each(['schema', 'help', 'version'])(
  'ends %s in good order when nobody reads its output',
  async (command) => {
    const line = `{ "$0" "$1" ${command}; echo "exit code $?" >&2; } | true`;
    const shell = spawn('/bin/sh', ['-c', line, process.execPath, MAIN], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [stderr] = await within(
      Promise.all([text(shell.stderr), once(shell, 'close')]),
      `end of ${command}`,
    );
    expect(stderr).toBe('exit code 0\n');
  },
);
