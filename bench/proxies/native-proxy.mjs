import { spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Child } from '../lib/child.mjs';
import { usageOf } from '../lib/usage.mjs';
import { answers, freePort, whenUp } from './ports.mjs';
import { processFamily } from './process-family.mjs';

const SUPERVISOR = new URL('./supervisor.mjs', import.meta.url);
/** Debian installs servers here, which is not on everybody's PATH. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/**
 * A proxy that is no Node program.
 * @typedef {object} NativeProxy
 * @property {string} command
 * @property {URL} config Its `${NAMES}` are filled in: `BENCH_PORT`, `BENCH_UPSTREAM_PORT`, `BENCH_FOLDER`, and `values`.
 * @property {Record<string, string>} values
 * @property {(configFile: string) => string[]} args
 * @property {Record<string, string>} [env]
 */

/**
 * Starts it in the foreground under a supervisor of its own, in a folder that is removed with it.
 * @param {NativeProxy} proxy
 * @param {import('./index.mjs').StartOptions} how
 * @returns {Promise<import('./index.mjs').RunningProxy>}
 */
export async function startNativeProxy(proxy, { upstreamPort, workers, env }) {
  const { command, config, values, args } = proxy;
  if (workers !== 1) throw new Error(`${command} runs with one worker only, not ${workers}`);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), `wsfw-bench-${command}-`));
  const configFile = join(folder, 'config');
  writeFileSync(
    configFile,
    fillIn(readFileSync(config, 'utf8'), {
      ...values,
      BENCH_PORT: String(port),
      BENCH_UPSTREAM_PORT: String(upstreamPort),
      BENCH_FOLDER: folder,
    }),
  );
  const child = new Child(command, SUPERVISOR, { env: { ...env, ...proxy.env, HOME: folder } });
  const pid = await child.ask('run', { command: whereIs(command), args: args(configFile), folder });
  await whenUp(() => answers(port), child);
  return {
    port,
    get pids() {
      return processFamily(pid);
    },
    usage: () => usageOf(processFamily(pid), null),
    collectGarbage: null,
    stop: () => child.stop(),
  };
}

/**
 * What a command says about its version; `null` when it is not on this machine, or cannot be measured on it.
 * @param {string} command
 * @param {string[]} args
 * @param {RegExp} pattern
 */
export function nativeVersion(command, args, pattern) {
  const file = process.platform === 'linux' ? whereIs(command) : null;
  if (file === null) return null;
  const { stdout, stderr } = spawnSync(file, args, { encoding: 'utf8' });
  return pattern.exec(stdout + stderr)?.[1] ?? null;
}

/**
 * @param {string} command
 * @returns {string | null}
 */
function whereIs(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM_FOLDERS];
  return folders.map((folder) => join(folder, command)).find(isExecutable) ?? null;
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} template
 * @param {Record<string, string>} values
 */
function fillIn(template, values) {
  return template.replace(/\$\{(BENCH_\w+)\}/g, (name, key) => values[key] ?? name);
}
