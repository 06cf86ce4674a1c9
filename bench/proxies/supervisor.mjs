// Runs a proxy that is no Node program. However the benchmark ends, the proxy ends with it and its folder is removed:
// when the benchmark is gone, its end of the IPC channel is closed, and this process exits.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { answerParent } from '../lib/messenger.mjs';
import { processFamily } from './process-family.mjs';

const STOP_TIMEOUT_MS = 3_000;
let stopping = false;

answerParent({
  /** @param {{ command: string, args: string[], folder: string }} proxy */
  run({ command, args, folder }) {
    const proxy = spawn(command, args, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
    proxy.on('error', (error) => {
      console.error(error.message);
      process.exit(1);
    });
    proxy.on('exit', (code, signal) => {
      if (!stopping) console.error(`${command} ended with ${signal ?? `code ${code}`}`);
      process.exit(stopping ? 0 : 1);
    });
    process.on('SIGTERM', () => {
      stopping = true;
      proxy.kill('SIGTERM');
      setTimeout(() => process.exit(), STOP_TIMEOUT_MS);
    });
    process.on('exit', () => {
      // Workers, too: they outlive a master that had no time to end them.
      if (proxy.pid !== undefined) for (const pid of processFamily(proxy.pid)) kill(pid);
      rmSync(folder, { recursive: true, force: true });
    });
    return proxy.pid;
  },
});

// Ctrl-C in a terminal and its closing reach every process of the benchmark. This one waits for the benchmark's end.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGHUP'])) process.on(signal, () => {});

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
