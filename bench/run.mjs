// Measures wsfw side by side with other proxies. README.md says what, how, and how to read it.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeMachine } from './lib/machine.mjs';
import { toMarkdown, toText } from './lib/report.mjs';
import { readSettings, USAGE } from './lib/settings.mjs';
import { compare } from './lib/targets.mjs';
import { measureCpu } from './measures/cpu.mjs';
import { measureHandshakes } from './measures/handshakes.mjs';
import { measureMemory } from './measures/memory.mjs';
import { Bench, Echo, Load } from './measures/rounds.mjs';
import { PROXIES } from './proxies/index.mjs';

const MEASURES = { cpu: measureCpu, handshakes: measureHandshakes, memory: measureMemory };
const EXIT = { measured: 0, missed: 1, failed: 2 };

process.exitCode = await main().catch((error) => {
  console.error(`\nThe benchmark could not finish. ${error instanceof Error ? error.message : error}`);
  return EXIT.failed;
});

async function main() {
  const settings = readSettings(process.argv.slice(2), join(import.meta.dirname, 'results'));
  if (settings === null) {
    console.log(USAGE);
    return EXIT.measured;
  }
  const startedAt = performance.now();
  const machine = describeMachine();
  const proxies = findProxies(settings);
  introduce(machine, proxies);

  const samples = await measure(settings, proxies);
  const results = {
    measuredAt: new Date().toISOString(),
    machine,
    settings,
    proxies: proxies.map(({ name, title, find }) => ({ name, title, version: find() ?? '' })),
    comparisons: compare(samples),
    samples,
  };
  console.log(toText(results));
  write(settings.out, results);
  console.log(`\nTook ${Math.round((performance.now() - startedAt) / 1000)} s. Written to ${settings.out}.`);

  const missed = results.comparisons.some(({ met }) => met === false);
  return missed && settings.assert ? EXIT.missed : EXIT.measured;
}

/** @param {import('./lib/settings.mjs').Settings} settings */
function findProxies({ proxies, chosen }) {
  const asked = PROXIES.filter(({ name }) => proxies.includes(name));
  const missing = asked.filter(({ find }) => find() === null);
  const list = missing.map(({ name, install }) => `${name} (${install})`).join(', ');
  if (missing.some(({ name }) => name === 'wsfw'))
    throw new Error('wsfw is not built yet: run npm run build first.');
  if (missing.length > 0 && chosen) throw new Error(`Not on this machine: ${list}.`);
  if (missing.length > 0) console.log(`Left out, not on this machine: ${list}.`);
  return asked.filter((proxy) => !missing.includes(proxy));
}

/**
 * @param {import('./lib/settings.mjs').Settings} settings
 * @param {readonly import('./proxies/index.mjs').Proxy[]} proxies
 */
async function measure(settings, proxies) {
  const echo = new Echo();
  const load = new Load();
  try {
    await echo.start();
    const bench = new Bench(settings, proxies, echo, load, showProgress);
    const samples = [];
    for (const name of settings.measures) samples.push(...(await MEASURES[name](bench)));
    return samples;
  } finally {
    showProgress('');
    await load.stop();
    await echo.stop();
  }
}

/**
 * @param {ReturnType<typeof describeMachine>} machine
 * @param {readonly import('./proxies/index.mjs').Proxy[]} proxies
 */
function introduce(machine, proxies) {
  console.log(
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, ${machine.system}, Node ${machine.node}`,
  );
  for (const { name, title, find } of proxies) console.log(`  ${name.padEnd(14)}${title}, ${find()}`);
  if (machine.loadBefore > machine.cores / 2) {
    console.log(`The machine is busy (load ${machine.loadBefore}): expect wide intervals.`);
  }
  console.log('');
}

/**
 * One line that is written over on a terminal, a line each elsewhere.
 * @param {string} what
 */
function showProgress(what) {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[2K${what}`);
  else if (what !== '') console.log(what);
}

/**
 * @param {string} folder
 * @param {import('./lib/report.mjs').Results} results
 */
function write(folder, results) {
  mkdirSync(folder, { recursive: true });
  // Where it was written is nobody's business who reads it.
  const { out: _, ...settings } = results.settings;
  writeFileSync(join(folder, 'latest.json'), `${JSON.stringify({ ...results, settings }, null, 2)}\n`);
  writeFileSync(join(folder, 'latest.md'), toMarkdown(results));
}
